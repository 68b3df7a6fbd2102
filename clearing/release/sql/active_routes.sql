-- The routes that files go by now.
SELECT route_id, name, target::text AS target, not_before, time_zone FROM delivery_route WHERE status = 'active' ORDER BY name
