-- $1 run id, $2 SHA-256 of the manifest
UPDATE clearing_run SET status = 'verified', manifest_digest = $2 WHERE run_id = $1 AND status = 'posted'
