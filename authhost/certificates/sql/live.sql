-- How many certificates of a terminal ($1) are in force now ($2).
SELECT count(*) FROM device_certificate
WHERE terminal_id = $1 AND not_after > $2 AND (revoked_at IS NULL OR revoked_at > $2)
