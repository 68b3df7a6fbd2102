-- Deposits between two numbers by currency and kind. $1 terminal, $2 and $3 numbers, both left out
SELECT currency, kind, count(*) AS count, sum(amount_minor)::bigint AS amount_minor
FROM deposit WHERE terminal_id = $1 AND sequence > $2 AND sequence < $3 AND state <> 'reversed' GROUP BY 1, 2 ORDER BY 1, 2
