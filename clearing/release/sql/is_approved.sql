-- $1 run id
SELECT EXISTS (SELECT FROM run_person p JOIN clearing_run r USING (run_id, manifest_digest) WHERE p.run_id = $1 AND p.act = 'approved')
