-- Certificates by terminal and serial: $1 a terminal, '' is any; $2 those alone that are in force and end before it; after ($3, $4).
SELECT serial, terminal_id, not_before, not_after, issued_by, issued_at, revoked_at, reason FROM device_certificate
WHERE ($1 = '' OR terminal_id = $1) AND ($2::timestamptz IS NULL OR not_after < $2 AND not_after > clock_timestamp() AND revoked_at IS NULL)
  AND (terminal_id, serial) > ($3, $4)
ORDER BY terminal_id, serial LIMIT $5
