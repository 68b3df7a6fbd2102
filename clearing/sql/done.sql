-- $1 run id
UPDATE clearing_run SET status = 'done' WHERE run_id = $1 AND status = 'verified'
