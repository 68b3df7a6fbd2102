-- A certificate of a terminal ($1) for this very key ($2), issued since $3 and in force.
SELECT * FROM device_certificate WHERE terminal_id = $1 AND public_key = $2 AND issued_at > $3 AND revoked_at IS NULL
ORDER BY issued_at DESC LIMIT 1
