-- What waited for a merchant's first key is due.  $1 merchant, $2 now, $3 what such a webhook said last
UPDATE webhook SET next_at = $2::timestamptz WHERE state = 'waiting' AND merchant_id = $1 AND last_said = $3
