-- What a route has to bring of what was released since it was looked at last.  $1 route, $2 when its files are due
WITH released AS (
    INSERT INTO delivery_planned (route_id, run_id, part)
    SELECT d.route_id, r.run_id, r.part
    FROM delivery_route d JOIN run_part r ON r.business_date >= d.valid_from AND r.status = 'done'
    WHERE d.route_id = $1
      AND NOT EXISTS (SELECT FROM delivery_planned p WHERE p.route_id = d.route_id AND p.run_id = r.run_id AND p.part = r.part)
    ON CONFLICT DO NOTHING
    RETURNING run_id, part
)
INSERT INTO delivery (route_id, run_id, path, sha256, due_at)
SELECT d.route_id, f.run_id, f.path, f.sha256, $2
FROM released
JOIN clearing_file f USING (run_id, part)
JOIN delivery_route d ON d.route_id = $1
WHERE matches_wildcard(f.recipient, d.recipient)
  AND EXISTS (SELECT FROM unnest(d.kinds) AS k (pattern) WHERE matches_wildcard(f.kind, k.pattern))
  AND EXISTS (SELECT FROM unnest(d.paths) AS k (pattern) WHERE matches_wildcard(f.path, k.pattern))
ORDER BY f.run_id, f.path
