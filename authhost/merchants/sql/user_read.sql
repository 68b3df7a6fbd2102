-- A user, without the secret.  $1 user
SELECT user_id, merchant_id, kind, name, phone, certificate, rights, status, created_at, created_by FROM merchant_user WHERE user_id = $1
