-- A shift that is closed waits for nothing any more. $1 terminal, $2 shift
UPDATE station_shift SET wants_upload = false WHERE terminal_id = $1 AND shift = $2 AND state = 'differs' AND wants_upload
