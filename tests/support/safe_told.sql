-- What a safe has said: $1 its id, $2 its own number, $3 the kind, $4 the content, $5 its age.
INSERT INTO safe_message (terminal_id, sequence, kind, fingerprint, local_time, recorded_at, business_date, content, answer)
VALUES ($1, $2, $3, '', '2026-07-23 10:00', clock_timestamp() - $5::interval, '2026-07-23', $4::text::json, '')
