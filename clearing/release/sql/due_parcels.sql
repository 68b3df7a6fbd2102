-- What is due on a route, in the order of planning.  $1 route, $2 now, $3 after this delivery, $4 at most
SELECT d.delivery_id, d.run_id, f.part, d.path, d.sha256, d.handing_over
FROM delivery d JOIN clearing_file f USING (run_id, path)
WHERE d.route_id = $1 AND d.state = 'waiting' AND d.due_at <= $2 AND d.delivery_id > $3
ORDER BY d.delivery_id LIMIT $4
