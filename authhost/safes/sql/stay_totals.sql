-- A cassette's deposits by currency and kind. $1 to $3 as stay_pieces.sql
SELECT d.currency, d.kind, count(*) AS count, sum(d.amount_minor)::bigint AS amount_minor
FROM deposit d
WHERE d.stay_id = $1 AND ($2::bigint IS NULL OR d.account_id = $2) AND ($3::bigint = 0 OR d.sequence < $3) AND d.state <> 'reversed'
GROUP BY 1, 2 ORDER BY 1, 2
