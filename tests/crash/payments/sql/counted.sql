-- What each account has taken by the journal, ever.
SELECT account_id, sum(money)::bigint AS money, sum(count)::bigint AS count FROM journal WHERE kind LIKE 'payment%' AND account_id IS NOT NULL
GROUP BY 1
