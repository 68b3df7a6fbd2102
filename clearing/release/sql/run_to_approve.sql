-- A part of a run, the run under its lock: who has started it, and who has approved it.  $1 run id, $2 part
SELECT p.status, p.manifest_digest,
       (SELECT a.who FROM run_person a WHERE a.run_id = p.run_id AND a.part = p.part AND a.act = 'approved') AS approved_by,
       ARRAY(SELECT s.who FROM run_person s WHERE s.run_id = p.run_id AND s.part = p.part AND s.act = 'started' ORDER BY s.who) AS started_by
FROM (SELECT run_id FROM clearing_run WHERE run_id = $1 FOR UPDATE) locked JOIN run_part p USING (run_id)
WHERE p.part = $2
