-- What banks are to pay, or have paid at once, by purpose.  $1 run id, $2 business date, $3 stream
SELECT c.purpose AS kind, c.currency, count(*)::bigint AS count, sum(c.amount_minor)::bigint AS sum_minor, '' AS digest
FROM clearing_credit c JOIN clearing_run r USING (run_id)
WHERE c.run_id = $1 AND c.held = '' AND r.business_date = $2::date AND r.stream = $3
GROUP BY 1, 2 ORDER BY c.purpose COLLATE "C", c.currency
