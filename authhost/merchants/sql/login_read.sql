-- A login.  $1 id
SELECT l.login_id AS id, u.merchant_id, coalesce(nullif(m.display_name, ''), m.name) AS merchant, l.user_id, l.browser, l.nonce,
       l.created_at, l.expires_at, l.phone, l.state, l.serial
FROM merchant_login l JOIN merchant_user u USING (user_id) JOIN merchant m USING (merchant_id)
WHERE l.login_id = $1
