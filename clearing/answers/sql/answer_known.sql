-- $1 kind, $2 sender, $3 the bank's number
SELECT digest FROM bank_answer WHERE kind = $1 AND sender = $2 AND message_id = $3
