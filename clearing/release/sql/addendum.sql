-- $1 run id, $2 part
SELECT status, manifest_digest FROM run_addendum WHERE run_id = $1 AND part = $2
