-- A message gets its row and, by its rowid, its place in the queue.
INSERT INTO message (
    position, kind, state, sequence, local_date, local_time, shift, original, reference,
    amount_minor, currency, pan_masked, card_key, card_type, particulars, sealed, reason, noted_at)
VALUES (
    :position, :kind, :state, :sequence, :local_date, :local_time, :shift, :original, :reference,
    :amount_minor, :currency, :pan_masked, :card_key, :card_type, :particulars, :sealed, :reason,
    :noted_at)
RETURNING *
