-- A new user.  $1 user, $2 merchant, $3 kind, $4 name, $5 phone, $6 SHA-256 of the secret, $7 certificate, $8 rights, $9 by whom
INSERT INTO merchant_user (user_id, merchant_id, kind, name, phone, secret_hash, certificate, rights, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING user_id, merchant_id, kind, name, phone, certificate, rights, status, created_at
