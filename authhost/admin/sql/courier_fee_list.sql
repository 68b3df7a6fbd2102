-- Versions of what couriers ask: $1 the one that is asked for, '' is any, $2 the scope.
SELECT courier_id, valid_from, version, currency, per_pickup_minor, per_count_minor, who, at FROM courier_fee
WHERE ($1 = '' OR courier_id = $1) AND ($2::text IS NULL OR courier_id = $2)
ORDER BY courier_id, valid_from DESC, version DESC LIMIT 1000
