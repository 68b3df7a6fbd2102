-- A login of whoever has this phone, where somebody has it and few wait.
-- $1 id, $2 phone, $3 nonce, $4 browser, $5 now, $6 expires_at, $7 most that wait of a phone
INSERT INTO merchant_login (login_id, user_id, phone, nonce, browser, created_at, expires_at)
SELECT $1, u.user_id, u.phone, $3, $4, $5::timestamptz, $6::timestamptz
FROM merchant_user u JOIN merchant m USING (merchant_id)
WHERE u.phone = $2 AND u.kind = 'agent' AND u.status = 'active' AND m.status <> 'closed'
  AND (SELECT count(*) FROM merchant_login l WHERE l.phone = $2 AND l.state = 'waiting' AND l.expires_at > $5) < $7
RETURNING user_id
