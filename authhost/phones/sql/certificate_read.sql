-- A certificate, whatever has become of it.  $1 serial
SELECT serial, phone, certificate, not_before, not_after, revoked_at, reason FROM payer_certificate WHERE serial = $1
