-- A client of OAuth 2.  $1 user
SELECT u.user_id, u.secret_hash, u.rights, u.certificate FROM merchant_user u JOIN merchant m USING (merchant_id)
WHERE u.user_id = $1 AND u.kind = 'client' AND u.status = 'active' AND m.status <> 'closed'
