-- A file that was booked in one sum; a statement says it for good.  $1 MsgId, $2 count, $3 sum, $4 day, $5 answer, $6 statement, $7 line
INSERT INTO bank_batch (message_id, count, sum_minor, booked_on, answer_id, statement_id, line) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (message_id) DO UPDATE SET statement_id = excluded.statement_id, line = excluded.line
WHERE bank_batch.statement_id IS NULL AND excluded.statement_id IS NOT NULL
