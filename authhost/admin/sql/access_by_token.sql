-- Whose token it is.
SELECT access_id, name, role, account_id, site_id, certificate, expires_at > clock_timestamp() AS valid, revoked_at
FROM access WHERE token_hash = $1
