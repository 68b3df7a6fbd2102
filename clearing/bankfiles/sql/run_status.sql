-- $1 run id
SELECT status FROM clearing_run WHERE run_id = $1
