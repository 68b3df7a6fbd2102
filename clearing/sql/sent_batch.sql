-- The orders of one payment file that its bank has not rejected, and which a statement has.  $1 MsgId
SELECT o.end_to_end_id, o.kind, o.run_id, o.amount_minor, s.statement_id AS seen
FROM filed_order o LEFT JOIN credit_seen s USING (end_to_end_id)
WHERE o.message_id = $1
  AND NOT EXISTS (SELECT FROM bank_fact f WHERE f.end_to_end_id = o.end_to_end_id AND f.fact = 'rejected')
ORDER BY o.end_to_end_id
