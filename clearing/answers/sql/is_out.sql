-- Whether a file was released.  $1 run id, $2 path
SELECT EXISTS (SELECT FROM file_event WHERE run_id = $1 AND path = $2 AND state = 'released')
