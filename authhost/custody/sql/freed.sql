-- What deposits counted in the balance of their accounts. A row that counted nothing (an envelope) frees nothing.
SELECT d.account_id, d.currency, sum(d.amount_minor)::bigint AS amount_minor, count(*) AS deposits
FROM deposit d
WHERE d.key = ANY ($1::text[]) AND d.account_id IS NOT NULL AND EXISTS (
    SELECT FROM journal j WHERE j.business_date = d.business_date AND j.id BETWEEN d.journal_id AND d.journal_id + 15
    AND j.key = d.key AND j.money <> 0)
GROUP BY d.account_id, d.currency HAVING sum(d.amount_minor) > 0
ORDER BY d.account_id, d.currency
