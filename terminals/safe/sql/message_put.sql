-- A message gets its row under its number.
INSERT INTO message (
    sequence, kind, state, path, body, original, local_time, stay, deposit_kind, amount_minor,
    currency, noted_at)
VALUES (
    :sequence, :kind, 'stored', :path, :body, :original, :local_time, :stay, :deposit_kind,
    :amount_minor, :currency, :noted_at)
RETURNING *
