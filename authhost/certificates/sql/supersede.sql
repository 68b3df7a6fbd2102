-- The other certificates of a terminal ($1) end at $3, if not before.
UPDATE device_certificate SET revoked_at = $3, reason = 'superseded'
WHERE terminal_id = $1 AND serial <> $2 AND not_after > $3 AND (revoked_at IS NULL OR revoked_at > $3)
RETURNING serial
