-- $1 route, $2 now
SELECT EXISTS (SELECT FROM delivery WHERE route_id = $1 AND state = 'waiting' AND due_at <= $2)
