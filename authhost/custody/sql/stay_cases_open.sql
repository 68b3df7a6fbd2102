-- The cases of a stay ($1) that are not closed. $2 account and $3 bank that look.
SELECT c.case_id, c.kind, c.account_id, c.currency, c.amount_minor, c.state
FROM cash_case c LEFT JOIN account a USING (account_id)
WHERE c.stay_id = $1 AND c.state <> 'closed' AND ($2::bigint IS NULL OR c.account_id = $2) AND ($3::text IS NULL OR a.bank_id = $3)
ORDER BY c.case_id
