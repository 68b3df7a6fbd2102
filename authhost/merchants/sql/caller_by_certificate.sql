-- Who has a certificate over mutual TLS.  $1 common name
SELECT u.user_id, u.merchant_id, u.rights, '' AS serial, u.certificate, 'infinity'::timestamptz AS expires_at
FROM merchant_user u JOIN merchant m USING (merchant_id)
WHERE u.certificate = $1 AND u.certificate <> '' AND u.status = 'active' AND m.status <> 'closed'
