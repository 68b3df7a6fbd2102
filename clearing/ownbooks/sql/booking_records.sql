-- The records of a run.  $1 run id
SELECT * FROM booking_record WHERE run_id = $1 ORDER BY number
