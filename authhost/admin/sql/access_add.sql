-- Somebody new.
INSERT INTO access (name, role, account_id, site_id, bank_id, courier_id, token_hash, certificate, expires_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING access_id
