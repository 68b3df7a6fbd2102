-- $1 run id, $2 part
WITH night AS (UPDATE clearing_run SET status = 'done' WHERE run_id = $1 AND $2 = '' AND status = 'verified')
UPDATE run_addendum SET status = 'done' WHERE run_id = $1 AND part = $2 AND status = 'verified'
