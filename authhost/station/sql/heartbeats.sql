-- What a terminal told, newest first. $1 terminal, $2 at most
SELECT * FROM station_heartbeat WHERE terminal_id = $1 ORDER BY received_at DESC LIMIT $2
