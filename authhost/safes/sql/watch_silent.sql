-- Alarms of silence begin and end. $1 now. How many are silent.
WITH silent AS MATERIALIZED (
    SELECT s.terminal_id, s.last_seen_at FROM safe s JOIN terminal t USING (terminal_id)
    WHERE t.status = 'active' AND NOT s.signed_off AND s.silent_min > 0 AND s.last_seen_at < $1::timestamptz - make_interval(mins => s.silent_min)
),
raised AS (
    INSERT INTO safe_alarm (terminal_id, code, since, last_at) SELECT terminal_id, 'silent', $1, $1 FROM silent
    ON CONFLICT DO NOTHING RETURNING terminal_id
),
cleared AS (
    DELETE FROM safe_alarm a WHERE code = 'silent' AND NOT EXISTS (SELECT FROM silent s WHERE s.terminal_id = a.terminal_id)
    RETURNING terminal_id, since
),
told AS (
    INSERT INTO safe_event (at, terminal_id, code, state, severity, detail)
    SELECT $1::timestamptz, terminal_id, 'silent', 'raised', 'alarm',
           jsonb_build_object('silent_s', extract(epoch FROM $1::timestamptz - last_seen_at)::bigint) FROM raised JOIN silent USING (terminal_id)
    UNION ALL
    SELECT $1::timestamptz, terminal_id, 'silent', 'cleared', 'info', jsonb_build_object('lasted_s', extract(epoch FROM $1::timestamptz - since)::bigint) FROM cleared
)
SELECT count(*) FROM silent
