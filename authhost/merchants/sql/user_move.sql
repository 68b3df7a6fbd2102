-- A user is blocked, let in again, or closed for good; what he holds ends unless he is let in.  $1 user, $2 status, $3 now
WITH moved AS (
    UPDATE merchant_user SET status = $2 WHERE user_id = $1 AND status <> 'closed' RETURNING user_id, status
), ended AS (
    UPDATE merchant_session SET ended_at = $3::timestamptz WHERE user_id = $1 AND ended_at IS NULL AND $2 <> 'active'
)
SELECT user_id, status FROM moved
