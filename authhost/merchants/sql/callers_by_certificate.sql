-- Who has these certificates over mutual TLS.  $1 common names
SELECT u.certificate AS key, u.user_id, u.merchant_id, u.rights, '' AS serial, u.certificate, NULL::timestamptz AS expires_at
FROM merchant_user u JOIN merchant m USING (merchant_id)
WHERE u.certificate = ANY ($1::text[]) AND u.certificate <> '' AND u.status = 'active' AND m.status <> 'closed'
