-- A file is delivered when all its routes have brought it.  $1 deliveries, $2 who, $3 now
WITH passed AS (
    SELECT 'delivered' AS state
    UNION
    SELECT after FROM file_passed WHERE before = 'delivered'
)
INSERT INTO file_event (run_id, path, state, at, who, detail)
SELECT run_id, path, 'delivered', $3, $2, jsonb_build_object('routes', (
           SELECT jsonb_agg(r.name ORDER BY r.name) FROM delivery a JOIN delivery_route r USING (route_id)
           WHERE a.run_id = d.run_id AND a.path = d.path))
FROM (SELECT DISTINCT run_id, path FROM delivery WHERE delivery_id = ANY ($1::bigint[])) d
WHERE NOT EXISTS (SELECT FROM delivery o WHERE o.run_id = d.run_id AND o.path = d.path AND o.state <> 'delivered')
  AND NOT EXISTS (SELECT FROM file_event e JOIN passed USING (state) WHERE e.run_id = d.run_id AND e.path = d.path)
ON CONFLICT DO NOTHING
