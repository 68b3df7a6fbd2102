-- $1 kind, $2 sender, $3 the bank's number, $4 our MsgId, $5 status, $6 reason, $7 digest, $8 told by
INSERT INTO bank_answer (kind, sender, message_id, about, status, reason, digest, told_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING answer_id
