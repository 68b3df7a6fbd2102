-- The browser takes what was confirmed, once: the session begins with it.
-- $1 id, $2 SHA-256 of the token, $3 now, $4 expires_at
WITH used AS (
    UPDATE merchant_login SET state = 'used' WHERE login_id = $1 AND state = 'confirmed' AND expires_at > $3::timestamptz
    RETURNING user_id, serial
)
INSERT INTO merchant_session (token_hash, user_id, serial, rights, created_at, expires_at)
SELECT $2, s.user_id, s.serial, u.rights, $3, $4::timestamptz
FROM used s JOIN merchant_user u USING (user_id) WHERE u.status = 'active'
RETURNING user_id, rights, (SELECT merchant_id FROM merchant_user u WHERE u.user_id = merchant_session.user_id) AS merchant_id
