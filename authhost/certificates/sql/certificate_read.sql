-- A certificate.
SELECT * FROM device_certificate WHERE serial = $1
