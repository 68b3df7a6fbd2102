-- The agent's word, once, under a certificate that is in force at this moment.
-- $1 id, $2 state, $3 serial, $4 evidence, $5 now
UPDATE merchant_login l SET state = $2, serial = $3, evidence = $4::jsonb
FROM payer_certificate c JOIN payer p USING (phone)
WHERE l.login_id = $1 AND l.state = 'waiting' AND l.expires_at > $5::timestamptz AND c.serial = $3 AND c.phone = l.phone
  AND c.revoked_at IS NULL AND c.not_after > $5 AND p.status = 'active'
RETURNING l.user_id
