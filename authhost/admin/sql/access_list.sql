-- Everybody, never a token.
SELECT access_id, name, role, account_id, site_id, bank_id, courier_id, token_hash IS NOT NULL AS token, certificate, expires_at,
       revoked_at, created_at, created_by
FROM access ORDER BY access_id
