-- What was approved at a site, by day, terminal, kind and currency.
SELECT business_date, site_id, terminal_id, kind, currency, count(DISTINCT key)::bigint AS count,
       sum(posted_minor)::bigint AS posted_minor, sum(volume)::bigint AS volume_ml
FROM journal
WHERE business_date BETWEEN $1 AND $2 AND approved AND ($3 = '' OR site_id = $3) AND ($4 = '' OR terminal_id = $4)
GROUP BY business_date, site_id, terminal_id, kind, currency
ORDER BY business_date, site_id, terminal_id, kind, currency
