-- Whatever has not arrived is due now. What may be there already stays so: the next try looks first.  $1 name
UPDATE delivery d SET state = 'waiting', tries = 0, due_at = least(d.due_at, now())
FROM delivery_route r
WHERE r.name = $1 AND d.route_id = r.route_id AND d.state <> 'delivered'
