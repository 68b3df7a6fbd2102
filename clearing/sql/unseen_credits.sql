-- $1 run id, $2 purpose, $3 bank, $4 currency
SELECT c.end_to_end_id, c.account_id, c.amount_minor FROM clearing_credit c
WHERE c.run_id = $1 AND c.purpose = $2 AND c.bank_id = $3 AND c.currency = $4 AND c.held = ''
  AND NOT EXISTS (SELECT FROM credit_seen s WHERE s.end_to_end_id = c.end_to_end_id)
  AND NOT EXISTS (SELECT FROM bank_fact f WHERE f.end_to_end_id = c.end_to_end_id AND f.fact = 'rejected')
  AND NOT EXISTS (SELECT FROM credit_missed m WHERE m.end_to_end_id = c.end_to_end_id)
ORDER BY c.end_to_end_id
