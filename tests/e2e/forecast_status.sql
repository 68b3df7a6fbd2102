-- A safe's word how full it is, at an instant.
INSERT INTO safe_message (terminal_id, sequence, kind, fingerprint, local_time, recorded_at, business_date, content, answer)
VALUES ($1, $2, 'status', '', $3::timestamptz AT TIME ZONE 'UTC', $3, '2026-07-23', $4, '')
