-- The credits of one payment file.  $1 run id, $2 purpose, $3 currency, $4 bank
SELECT c.end_to_end_id, c.run_id, c.purpose, c.account_id, c.currency, c.amount_minor, s.statement_id AS seen
FROM clearing_credit c LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE c.held = '' AND c.run_id = $1 AND c.purpose = $2 AND c.currency = $3 AND c.bank_id = $4
ORDER BY c.end_to_end_id
