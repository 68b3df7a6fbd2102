-- What payers' banks were asked under these ids, and whether a statement has it already. about: the payment of a debit, or the refund.
-- $1 end-to-end ids
SELECT o.end_to_end_id, o.kind, coalesce(o.refund_id, o.payment_id) AS about, o.account_id, o.currency, o.amount_minor, o.state,
       s.statement_id AS seen
FROM bank_order o LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE o.end_to_end_id = ANY ($1::text[])
