-- The deposit of an instant credit that no night has booked yet.  $1 business date, $2 journal id, $3 end-to-end id
SELECT d.key, d.account_id, d.currency, d.amount_minor, d.credit, s.statement_id AS seen
FROM journal j
JOIN deposit d ON d.key = j.key AND d.journal_id = j.id
LEFT JOIN credit_seen s ON s.end_to_end_id = $3
WHERE j.business_date = $1 AND j.id = $2
