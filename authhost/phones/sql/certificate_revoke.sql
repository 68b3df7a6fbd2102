-- A certificate is good for nothing any more.  $1 serial, $2 now, $3 why
UPDATE payer_certificate SET revoked_at = $2, reason = $3 WHERE serial = $1
