-- What runs were told.  $1 run ids
SELECT run_id, settings FROM clearing_run WHERE run_id = ANY ($1::text[])
