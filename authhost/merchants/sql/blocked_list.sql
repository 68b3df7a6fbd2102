-- The phones that a merchant blocks.  $1 merchant, $2 after this one, $3 most, $4 one phone or null
SELECT phone, reason, blocked_by, blocked_at FROM merchant_blocked_phone
WHERE merchant_id = $1 AND phone > $2 AND ($4::text IS NULL OR phone = $4) ORDER BY phone LIMIT $3
