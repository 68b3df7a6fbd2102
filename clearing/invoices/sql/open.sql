-- What no invoice has yet.  $1 account or null
SELECT f.account_id, f.currency, min(f.first_day) AS first_day, max(f.last_day) AS last_day, sum(f.lines)::int AS lines,
       sum(f.amount_minor)::bigint AS amount_minor
FROM fuel_line_open o JOIN fuel_line f USING (account_id, currency, country, corrects, run_id)
WHERE $1::bigint IS NULL OR f.account_id = $1
GROUP BY f.account_id, f.currency ORDER BY f.account_id, f.currency
