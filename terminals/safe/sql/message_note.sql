-- What became of a message. What is not told stays as it is.
UPDATE message SET
    state = :state,
    kind = coalesce(:kind, kind),
    path = coalesce(:path, path),
    body = coalesce(:body, body),
    status = coalesce(:status, status),
    answer = coalesce(:answer, answer),
    sent = sent + :sent,
    errors = errors + :errors,
    noted_at = :noted_at
WHERE sequence = :sequence
RETURNING *
