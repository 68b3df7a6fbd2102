-- Whose token it is.
SELECT access_id, name, role, account_id, site_id, bank_id, courier_id, certificate, expires_at > clock_timestamp() AS valid, revoked_at
FROM access WHERE token_hash = $1
