-- A new key; those before it end a while later.  $1 merchant, $2 key, $3 secret, $4 now, $5 when the old ones end
WITH old AS (
    UPDATE webhook_key SET ended_at = $5::timestamptz WHERE merchant_id = $1 AND ended_at IS NULL
)
INSERT INTO webhook_key (merchant_id, key_id, secret, created_at) VALUES ($1, $2, $3, $4::timestamptz)
RETURNING key_id, secret, created_at, ended_at
