-- Refunds of payments that were sent under these ids, and whether a statement has them already.  $1 end-to-end ids
SELECT o.end_to_end_id, o.refund_id, o.account_id, o.currency, o.amount_minor, o.state, s.statement_id AS seen
FROM bank_order o LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE o.kind = 'refund' AND o.end_to_end_id = ANY ($1::text[])
