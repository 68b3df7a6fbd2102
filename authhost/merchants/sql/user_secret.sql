-- A client's next secret; the one before is good no more, and neither are its tokens.  $1 user, $2 SHA-256 of it, $3 now
WITH renewed AS (
    UPDATE merchant_user SET secret_hash = $2 WHERE user_id = $1 AND kind = 'client' AND status <> 'closed' RETURNING user_id
), ended AS (
    UPDATE merchant_session SET ended_at = $3::timestamptz WHERE user_id = (SELECT user_id FROM renewed) AND ended_at IS NULL
)
SELECT user_id FROM renewed
