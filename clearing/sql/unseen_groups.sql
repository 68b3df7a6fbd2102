-- Payments that a statement up to $3 should have had and none has, by night, bank and currency; of nights since the account's first
-- statement.  $1 account, $2 currency, $3 the last business date that must be booked by now
SELECT c.run_id, c.purpose, c.bank_id, r.settings, b.content::text AS bank
FROM clearing_credit c
JOIN clearing_run r USING (run_id)
LEFT JOIN clearing_party b ON b.run_id = c.run_id AND b.kind = 'bank' AND b.party_id = c.bank_id
WHERE c.held = '' AND c.currency = $2 AND r.business_date <= $3::date
  AND r.business_date >= (SELECT min(from_day) FROM bank_statement WHERE iban = $1 AND currency = $2)
  AND NOT EXISTS (SELECT FROM credit_seen s WHERE s.end_to_end_id = c.end_to_end_id)
  AND NOT EXISTS (SELECT FROM bank_fact f WHERE f.end_to_end_id = c.end_to_end_id AND f.fact = 'rejected')
  AND NOT EXISTS (SELECT FROM credit_missed m WHERE m.end_to_end_id = c.end_to_end_id)
GROUP BY c.run_id, c.purpose, c.bank_id, r.settings, b.content
ORDER BY c.run_id, c.purpose, c.bank_id
