-- Files, what they carry, where each is in its life, and where it goes.
-- $1 a run or '', $2 state or '', $3 from this business date, $4 a recipient or '', $5 after this run, $6 after this path, $7 at most
SELECT f.run_id, f.part, f.path, f.kind, f.recipient, f.count, f.sum_minor, f.currency, f.sha256, coalesce(now.state, '') AS state,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('state', e.state, 'at', e.at, 'who', e.who, 'detail', e.detail) ORDER BY e.event_id), '[]')
        FROM file_event e WHERE e.run_id = f.run_id AND e.path = f.path)::text AS life,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('route', o.name, 'state', d.state, 'tries', d.tries, 'due_at', d.due_at,
                                                     'delivered_at', d.delivered_at, 'said', d.said, 'receipt', d.receipt) ORDER BY o.name), '[]')
        FROM delivery d JOIN delivery_route o USING (route_id) WHERE d.run_id = f.run_id AND d.path = f.path)::text AS deliveries
FROM clearing_file f
LEFT JOIN clearing_run r USING (run_id)
LEFT JOIN LATERAL (SELECT e.state FROM file_event e WHERE e.run_id = f.run_id AND e.path = f.path ORDER BY e.event_id DESC LIMIT 1) now ON true
WHERE ($1 = '' OR f.run_id = $1) AND ($2 = '' OR now.state = $2) AND ($3::date IS NULL OR r.business_date >= $3)
  AND ($4 = '' OR matches_wildcard(f.recipient, $4))
  AND ($5 = '' OR (f.run_id, f.path) > ($5 COLLATE "C", $6 COLLATE "C"))
ORDER BY f.run_id, f.path LIMIT $7
