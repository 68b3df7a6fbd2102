-- What couriers and cash centres did since each was settled last in that currency, by price.
-- $1 accounts, $2 couriers, $3 first and $4 last days
WITH last AS (
    SELECT account_id, currency, max(period_to) AS day FROM own_document
    WHERE account_id = ANY ($1) AND basis = 'courier' GROUP BY account_id, currency
)
SELECT d.account_id, c.currency, c.event, c.amount_minor AS price_minor, count(*)::int AS count, sum(c.amount_minor)::bigint AS amount_minor,
       min(c.on_day) AS first_day
FROM unnest($1::bigint[], $2::text[], $3::date[], $4::date[]) AS d (account_id, courier_id, first_day, last_day)
JOIN courier_cost c ON c.courier_id = d.courier_id AND c.on_day BETWEEN d.first_day AND d.last_day
LEFT JOIN last l ON l.account_id = d.account_id AND l.currency = c.currency
WHERE l.day IS NULL OR c.on_day > l.day
GROUP BY d.account_id, c.currency, c.event, c.amount_minor
ORDER BY d.account_id, c.currency COLLATE "C", c.event, c.amount_minor
