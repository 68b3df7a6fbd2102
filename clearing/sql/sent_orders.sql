-- What payers' banks were asked, and what was collected, under these ids, and whether a statement has it already. about: the payment of a
-- debit, the refund, or the invoice.  $1 end-to-end ids
SELECT o.end_to_end_id, o.kind, coalesce(o.refund_id, o.payment_id) AS about, o.account_id, o.currency, o.amount_minor, o.state,
       s.statement_id AS seen
FROM bank_order o LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE o.end_to_end_id = ANY ($1::text[])
UNION ALL
SELECT d.end_to_end_id, 'debit', d.invoice, d.account_id, d.currency, d.amount_minor, 'accepted', s.statement_id
FROM clearing_debit d LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE d.held = '' AND d.end_to_end_id = ANY ($1::text[])
