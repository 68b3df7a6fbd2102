-- A merchant's dead letters, the oldest first.  $1 merchant, $2 after this one, $3 most
SELECT webhook_id, payment_id, version, url, content::text AS content, created_at, tries, last_said, state
FROM webhook WHERE merchant_id = $1 AND state = 'dead' AND webhook_id > $2 ORDER BY webhook_id LIMIT $3
