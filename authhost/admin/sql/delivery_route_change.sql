-- As delivery_route_add, but for the day, which stays.
UPDATE delivery_route
SET recipient = $2, kinds = $3, paths = $4, target = $5::text::jsonb, not_before = $6, time_zone = $7, status = $9
WHERE name = $1 AND valid_from = $8
