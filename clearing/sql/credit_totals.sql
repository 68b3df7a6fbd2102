-- One row a purpose, currency and bank: how many credits, how much, and from which id to which.  $1 run id
SELECT purpose, currency, bank_id, count(*)::int AS count, sum(amount_minor)::bigint AS sum_minor, min(end_to_end_id) AS first_id,
       max(end_to_end_id) AS last_id, max(amount_minor) AS largest_minor
FROM clearing_credit
WHERE run_id = $1 AND held = ''
GROUP BY purpose, currency, bank_id
ORDER BY purpose, currency, bank_id COLLATE "C"
