-- Routes by name, with what each has brought, has to bring, and gave up.  $1 one of them, '' is all
SELECT r.name, r.recipient, r.kinds, r.paths, r.target::text AS target, r.not_before, r.time_zone, r.valid_from, r.status,
       coalesce(d.delivered, 0) AS delivered, coalesce(d.waiting, 0) AS waiting, coalesce(d.given_up, 0) AS given_up, d.said
FROM delivery_route r
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'given_up') AS given_up,
           max(said) FILTER (WHERE said <> '') AS said
    FROM delivery WHERE route_id = r.route_id) d ON true
WHERE $1 = '' OR r.name = $1
ORDER BY r.name
