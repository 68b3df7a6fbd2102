-- The clients of a safe ($1) within the scope of an account ($2) or a bank ($3).
SELECT c.account_id, c.reference, a.name, a.currency, a.status, a.bank_id
FROM safe_client c JOIN account a USING (account_id)
WHERE c.terminal_id = $1 AND ($2::bigint IS NULL OR c.account_id = $2) AND ($3::text IS NULL OR a.bank_id = $3)
ORDER BY c.reference
