-- A token of a client. Of one user so many are in force: the oldest ends.
-- $1 SHA-256 of the token, $2 user, $3 rights, $4 now, $5 expires_at, $6 most
WITH ended AS (
    UPDATE merchant_session SET ended_at = $4::timestamptz
    WHERE token_hash IN (SELECT token_hash FROM merchant_session WHERE user_id = $2 AND ended_at IS NULL AND expires_at > $4
                         ORDER BY created_at DESC, token_hash OFFSET $6 - 1)
)
INSERT INTO merchant_session (token_hash, user_id, rights, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5::timestamptz)
