-- A merchant's keys in force, the newest first.  $1 merchant, $2 now
SELECT key_id, secret, created_at, ended_at FROM webhook_key
WHERE merchant_id = $1 AND (ended_at IS NULL OR ended_at > $2::timestamptz) ORDER BY created_at DESC, key_id
