-- One row a bank file: how many credits and how much.  $1 run id
SELECT purpose, currency, count(*)::int AS count, sum(amount_minor)::bigint AS sum_minor
FROM clearing_credit
WHERE run_id = $1 AND held = ''
GROUP BY purpose, currency
ORDER BY purpose, currency
