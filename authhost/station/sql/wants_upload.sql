-- Whether a shift of a terminal waits for its transactions. $1 terminal
SELECT EXISTS (SELECT FROM station_shift WHERE terminal_id = $1 AND wants_upload)
