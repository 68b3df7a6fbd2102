-- Credits that were sent under these ids, and whether a statement has them already.  $1 end-to-end ids
SELECT c.end_to_end_id, c.run_id, c.purpose, c.account_id, c.currency, c.amount_minor, s.statement_id AS seen
FROM clearing_credit c LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE c.held = '' AND c.end_to_end_id = ANY ($1::text[])
