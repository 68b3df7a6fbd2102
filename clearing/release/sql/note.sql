-- One more event, unless the file is in this state or has passed it.  $1 run id, $2 path, $3 state, $4 who, $5 detail
INSERT INTO file_event (run_id, path, state, who, detail)
SELECT $1, $2, $3, $4, $5::text::jsonb
WHERE NOT EXISTS (
    SELECT FROM (SELECT state FROM file_event WHERE run_id = $1 AND path = $2 ORDER BY event_id DESC LIMIT 1) now
    WHERE now.state = $3 OR EXISTS (SELECT FROM file_passed p WHERE p.before = $3 AND p.after = now.state))
