-- Users, by id.  $1 merchant or null, $2 after, $3 most
SELECT user_id, merchant_id, kind, name, phone, certificate, rights, status, created_at, created_by FROM merchant_user
WHERE ($1::text IS NULL OR merchant_id = $1) AND user_id > $2::text COLLATE "C" ORDER BY user_id LIMIT $3
