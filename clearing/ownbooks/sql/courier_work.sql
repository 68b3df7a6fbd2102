-- What couriers and cash centres did, by price.  $1 accounts, $2 couriers, $3 first days, $4 business date
SELECT d.account_id, c.currency, c.event, c.amount_minor AS price_minor, count(*)::int AS count, sum(c.amount_minor)::bigint AS amount_minor
FROM unnest($1::bigint[], $2::text[], $3::date[]) AS d (account_id, courier_id, first_day)
JOIN courier_cost c ON c.courier_id = d.courier_id AND c.on_day BETWEEN d.first_day AND $4::date
GROUP BY d.account_id, c.currency, c.event, c.amount_minor
ORDER BY d.account_id, c.currency COLLATE "C", c.event, c.amount_minor
