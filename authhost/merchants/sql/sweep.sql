-- What nobody asks for any more: tokens a day after their end, logins after a while. Many at a time, not all.
-- $1 now, $2 logins that expired before, $3 most
WITH over AS (
    UPDATE merchant_login SET state = 'expired' WHERE state IN ('waiting', 'confirmed') AND expires_at <= $1::timestamptz
), forgotten AS (
    DELETE FROM merchant_login WHERE login_id IN (
        SELECT login_id FROM merchant_login WHERE expires_at < $2::timestamptz AND state NOT IN ('waiting', 'confirmed')
        ORDER BY expires_at LIMIT $3)
)
DELETE FROM merchant_session WHERE token_hash IN (
    SELECT token_hash FROM merchant_session WHERE expires_at < $1 - interval '1 day' ORDER BY expires_at LIMIT $3)
