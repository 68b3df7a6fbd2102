-- Who holds these tokens, where they are in force. A session that a phone's certificate has opened ends with it.
-- $1 SHA-256 of each token, $2 now
SELECT s.token_hash AS key, u.user_id, u.merchant_id, ARRAY(SELECT unnest(s.rights) INTERSECT SELECT unnest(u.rights)) AS rights, s.serial,
       u.certificate, s.expires_at
FROM merchant_session s JOIN merchant_user u USING (user_id) JOIN merchant m USING (merchant_id)
WHERE s.token_hash = ANY ($1::bytea[]) AND s.ended_at IS NULL AND s.expires_at > $2::timestamptz AND u.status = 'active'
  AND m.status <> 'closed'
  AND (s.serial = '' OR EXISTS (SELECT FROM payer_certificate c JOIN payer p USING (phone) WHERE c.serial = s.serial
                                AND c.revoked_at IS NULL AND c.not_after > $2 AND p.status = 'active'))
