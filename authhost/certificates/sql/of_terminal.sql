-- All certificates of a terminal, or of a payer's phone, whatever has become of them, each in the form that its table has. No terminal
-- speaks under a phone's number.  $1 its name
SELECT serial, certificate AS pem, NULL::bytea AS der, not_before, not_after, revoked_at FROM device_certificate
WHERE terminal_id = $1 AND NOT starts_with($1, '+')
UNION ALL
-- A phone's is revoked from that moment on, whatever the clock that wrote it down.
SELECT serial, NULL, certificate, not_before, not_after, CASE WHEN revoked_at IS NOT NULL THEN 'epoch'::timestamptz END
FROM payer_certificate WHERE phone = $1
