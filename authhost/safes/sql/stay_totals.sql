-- A cassette's deposits by currency and kind. $1 stay
SELECT d.currency, d.kind, count(*) AS count, sum(d.amount_minor)::bigint AS amount_minor
FROM deposit d
WHERE d.stay_id = $1 AND d.state <> 'reversed'
GROUP BY 1, 2 ORDER BY 1, 2
