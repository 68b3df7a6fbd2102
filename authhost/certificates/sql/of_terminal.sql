-- All certificates of a terminal, whatever has become of them.
SELECT serial, certificate, not_before, not_after, revoked_at FROM device_certificate WHERE terminal_id = $1
