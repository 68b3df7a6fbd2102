-- One row a bank file: how many credits and how much.  $1 run id
SELECT purpose, currency, bank_id, count(*)::int AS count, sum(amount_minor)::bigint AS sum_minor
FROM clearing_credit
WHERE run_id = $1 AND held = ''
GROUP BY purpose, currency, bank_id
ORDER BY purpose, currency, bank_id COLLATE "C"
