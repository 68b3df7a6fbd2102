-- An attempt is balanced after all: its transactions agree. $1 terminal, $2 shift, $3 attempt, $4 answer, $5 instant
UPDATE station_shift SET state = 'balanced', answer = $4, wants_upload = false, closed_at = $5
WHERE terminal_id = $1 AND shift = $2 AND attempt = $3 AND state = 'differs'
