-- $1 run id
SELECT run_no FROM clearing_run WHERE run_id = $1
