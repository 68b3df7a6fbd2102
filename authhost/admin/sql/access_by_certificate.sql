-- Whom a certificate names that stands alone.
SELECT access_id, name, role, account_id, site_id, bank_id, courier_id, certificate, expires_at > clock_timestamp() AS valid, revoked_at
FROM access WHERE certificate = $1 AND token_hash IS NULL AND revoked_at IS NULL
