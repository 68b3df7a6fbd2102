-- A certificate that is about to be revoked.
SELECT revoked_at, reason FROM device_certificate WHERE serial = $1 FOR NO KEY UPDATE
