-- What is due on a route, in the order of planning.  $1 route, $2 now, $3 after this delivery, $4 at most
SELECT delivery_id, run_id, path, sha256, handing_over
FROM delivery
WHERE route_id = $1 AND state = 'waiting' AND due_at <= $2 AND delivery_id > $3
ORDER BY delivery_id LIMIT $4
