-- $1 run id, $2 part
SELECT EXISTS (SELECT FROM run_person p JOIN run_part r USING (run_id, part, manifest_digest)
               WHERE p.run_id = $1 AND p.part = $2 AND p.act = 'approved')
