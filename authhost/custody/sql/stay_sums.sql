-- The deposits of a stay ($1), summed. $2 account and $3 bank that look.
SELECT d.account_id, d.currency, d.kind, d.state, d.credit, count(*) AS deposits, sum(d.amount_minor)::bigint AS amount_minor
FROM deposit d LEFT JOIN account a USING (account_id)
WHERE d.stay_id = $1 AND ($2::bigint IS NULL OR d.account_id = $2) AND ($3::text IS NULL OR a.bank_id = $3)
GROUP BY d.account_id, d.currency, d.kind, d.state, d.credit
ORDER BY d.account_id NULLS FIRST, d.currency, d.kind, d.state, d.credit
