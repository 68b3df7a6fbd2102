-- A run under its lock, who has started it, and who has approved it.  $1 run id
SELECT r.status, r.manifest_digest,
       (SELECT p.who FROM run_person p WHERE p.run_id = r.run_id AND p.act = 'approved') AS approved_by,
       ARRAY(SELECT p.who FROM run_person p WHERE p.run_id = r.run_id AND p.act = 'started' ORDER BY p.who) AS started_by
FROM clearing_run r WHERE r.run_id = $1
FOR UPDATE OF r
