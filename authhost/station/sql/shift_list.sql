-- Shifts as they stand: every attempt, newest first. $1 terminal or null, $2 site or null, $3 at most
SELECT s.terminal_id, s.shift, s.attempt, s.state, s.day, s.last_day, s.from_sequence, s.to_sequence, s.received_at, s.closed_at,
       s.answer::text AS answer
FROM station_shift s JOIN terminal t USING (terminal_id)
WHERE ($1::text IS NULL OR s.terminal_id = $1) AND ($2::text IS NULL OR t.site_id = $2)
ORDER BY s.received_at DESC, s.terminal_id, s.shift, s.attempt DESC LIMIT $3
