-- Runs, the newest first, who started and approved them, their totals, and how far their files are.
-- $1 from, $2 until (business dates), $3 stream or '', $4 state or '', $5 before this run number, $6 one run or '', $7 at most
SELECT r.run_no, r.run_id, r.business_date, r.stream, r.sequence, shown.state, r.posted_at, r.manifest_digest,
       ARRAY(SELECT p.who FROM run_person p WHERE p.run_id = r.run_id AND p.part = '' AND p.act = 'started' ORDER BY p.at, p.who) AS started_by,
       approved.who AS approved_by, approved.at AS approved_at,
       (SELECT count(*) FROM clearing_file f WHERE f.run_id = r.run_id) AS files,
       (SELECT count(*) FROM delivery d WHERE d.run_id = r.run_id AND d.state = 'delivered') AS delivered,
       (SELECT count(*) FROM delivery d WHERE d.run_id = r.run_id AND d.state <> 'delivered') AS undelivered,
       coalesce((SELECT jsonb_agg(jsonb_build_object('hop', c.hop, 'kind', c.kind, 'currency', c.currency, 'count', c.count,
                                                     'sum_minor', c.sum_minor) ORDER BY c.hop, c.kind, c.currency)
                 FROM run_control c WHERE c.run_id = r.run_id AND (c.hop IN ('credits', 'files') OR $6 <> '')), '[]')::text AS totals,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'part', a.part, 'state', CASE a.status WHEN 'done' THEN 'released' ELSE 'waiting' END, 'manifest_digest', a.manifest_digest,
                    'started_by', ARRAY(SELECT p.who FROM run_person p
                                        WHERE p.run_id = a.run_id AND p.part = a.part AND p.act = 'started' ORDER BY p.at, p.who),
                    'approved_by', p.who, 'approved_at', p.at) ORDER BY a.part), '[]')
        FROM run_addendum a LEFT JOIN run_person p ON p.run_id = a.run_id AND p.part = a.part AND p.act = 'approved'
        WHERE a.run_id = r.run_id)::text AS addenda
FROM clearing_run r
CROSS JOIN LATERAL (SELECT CASE r.status WHEN 'done' THEN 'released' WHEN 'verified' THEN 'waiting' ELSE 'posted' END AS state) shown
LEFT JOIN run_person approved ON approved.run_id = r.run_id AND approved.part = '' AND approved.act = 'approved'
WHERE ($1::date IS NULL OR r.business_date >= $1) AND ($2::date IS NULL OR r.business_date <= $2)
  AND ($3 = '' OR r.stream = $3)
  -- Pages that wait for their approval wait as their night's files do.
  AND ($4 = '' OR shown.state = $4
       OR $4 = 'waiting' AND EXISTS (SELECT FROM run_addendum a WHERE a.run_id = r.run_id AND a.status = 'verified'))
  AND ($5::int IS NULL OR r.run_no < $5) AND ($6 = '' OR r.run_id = $6)
ORDER BY r.run_no DESC LIMIT $7
