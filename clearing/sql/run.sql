-- $1 run id
SELECT status, journal_digest, settings, manifest_digest FROM clearing_run WHERE run_id = $1
