-- Alarms after a place and before the horizon, in the order of their recording: what safes told, and what the host has seen itself (there
-- sequence is the event's number, negative). $1 account, $2 courier: the scope; $3 safe, $4 severity.
SELECT told.*, t.site_id
FROM (
    (SELECT m.terminal_id, m.sequence, m.local_time, m.recorded_at, m.content ->> 'code' AS code, m.content ->> 'severity' AS severity,
            'happened' AS state, m.content ->> 'text' AS text, NULL::text AS detail
     FROM safe_message m JOIN safe s USING (terminal_id)
     WHERE m.kind = 'alarm' AND ($1::bigint IS NULL OR EXISTS (
             SELECT FROM safe_client c WHERE c.terminal_id = m.terminal_id AND c.account_id = $1))
       AND ($2::text IS NULL OR s.courier_id = $2) AND ($3 = '' OR m.terminal_id = $3) AND ($4 = '' OR m.content ->> 'severity' = $4)
       AND ($5::timestamptz IS NULL OR (m.recorded_at, m.terminal_id, m.sequence) > ($5, $6, $7)) AND m.recorded_at < $8
     ORDER BY m.recorded_at, m.terminal_id, m.sequence LIMIT $9)
    UNION ALL
    (SELECT e.terminal_id, -e.event_id, NULL, e.recorded_at, e.code, e.severity, e.state, '', e.detail::text
     FROM safe_event e JOIN safe s USING (terminal_id)
     WHERE ($1::bigint IS NULL OR EXISTS (SELECT FROM safe_client c WHERE c.terminal_id = e.terminal_id AND c.account_id = $1))
       AND ($2::text IS NULL OR s.courier_id = $2) AND ($3 = '' OR e.terminal_id = $3) AND ($4 = '' OR e.severity = $4)
       AND ($5::timestamptz IS NULL OR (e.recorded_at, e.terminal_id, -e.event_id) > ($5, $6, $7)) AND e.recorded_at < $8
     ORDER BY e.recorded_at, e.terminal_id, -e.event_id LIMIT $9)
) told
JOIN terminal t USING (terminal_id)
ORDER BY recorded_at, terminal_id, sequence LIMIT $9
