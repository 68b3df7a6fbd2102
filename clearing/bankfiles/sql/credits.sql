-- The credits of one file, in the order of their ids.
-- $1 run id, $2 purpose, $3 currency, $4 bank, $5 and $6 first and last id, $7 and $8 least and most of one credit, in minor units
SELECT c.end_to_end_id, c.amount_minor, c.remittance, a.content::text AS party
FROM clearing_credit c
JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = c.account_id::text
WHERE c.run_id = $1 AND c.purpose = $2 AND c.currency = $3 AND c.bank_id = $4 AND c.held = ''
  AND c.end_to_end_id BETWEEN $5 AND $6 AND c.amount_minor BETWEEN $7 AND $8
ORDER BY c.end_to_end_id
