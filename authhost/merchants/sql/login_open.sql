-- A login of an agent, who is locked. Of those that wait the oldest makes room: who is at the door is the newest.
-- $1 id, $2 user, $3 phone, $4 nonce, $5 browser, $6 now, $7 expires_at, $8 most that wait of a phone
WITH room AS (
    UPDATE merchant_login SET state = 'expired'
    WHERE login_id IN (SELECT login_id FROM merchant_login WHERE phone = $3 AND state = 'waiting'
                       ORDER BY created_at DESC, login_id OFFSET $8 - 1)
)
INSERT INTO merchant_login (login_id, user_id, phone, nonce, browser, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz)
