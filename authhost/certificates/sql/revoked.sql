-- Certificates that are revoked now ($1) and would be good without that.
SELECT serial, certificate, revoked_at, reason FROM device_certificate WHERE revoked_at <= $1 AND not_after > $1 ORDER BY serial
