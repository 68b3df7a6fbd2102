-- Whose a certificate is.
SELECT terminal_id FROM device_certificate WHERE serial = $1
