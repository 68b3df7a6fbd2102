-- Safes whose numbers have been in order for a while. $1 now, $2 nothing was given up since
WITH cleared AS (DELETE FROM safe_alarm WHERE code = 'numbers' AND last_at < $2 RETURNING terminal_id, since)
INSERT INTO safe_event (at, terminal_id, code, state, severity, detail)
SELECT $1::timestamptz, terminal_id, 'numbers', 'cleared', 'info', jsonb_build_object('lasted_s', extract(epoch FROM $1::timestamptz - since)::bigint) FROM cleared
