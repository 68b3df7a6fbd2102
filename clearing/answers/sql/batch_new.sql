-- A file, or a block of one, that was booked in one sum; a statement says it for good.
-- $1 MsgId or PmtInfId, $2 MsgId, $3 count, $4 sum, $5 day, $6 answer, $7 statement, $8 line
INSERT INTO bank_batch (batch_id, message_id, count, sum_minor, booked_on, answer_id, statement_id, line)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (batch_id) DO UPDATE SET statement_id = excluded.statement_id, line = excluded.line
WHERE bank_batch.statement_id IS NULL AND excluded.statement_id IS NOT NULL
