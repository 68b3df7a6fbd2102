-- A key, and the merchant locked: one new key at a time.  $1 merchant, $2 key
SELECT k.key_id, k.secret, k.created_at, k.ended_at
FROM merchant m LEFT JOIN webhook_key k ON k.merchant_id = m.merchant_id AND k.key_id = $2
WHERE m.merchant_id = $1 FOR NO KEY UPDATE OF m
