-- $1 run id, $2 part
SELECT status, manifest_digest, coalesce((settings::jsonb -> 'release' ->> 'four_eyes')::boolean, false) AS needs_approval
FROM run_part WHERE run_id = $1 AND part = $2
