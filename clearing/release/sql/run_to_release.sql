-- $1 run id
SELECT status, manifest_digest, coalesce((settings::jsonb -> 'release' ->> 'four_eyes')::boolean, false) AS needs_approval
FROM clearing_run WHERE run_id = $1
