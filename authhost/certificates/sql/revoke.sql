-- A certificate is good for nothing from $2 on.
UPDATE device_certificate SET revoked_at = $2, reason = $3 WHERE serial = $1 RETURNING *
