-- The agent's word, once, under a certificate that is in force at this moment. Who refuses again and again is left alone, each time
-- for longer. The user is locked before the login, as by login_lock.sql.
-- $1 id, $2 state, $3 serial, $4 evidence, $5 now, $6 refusals in a row that cost no rest, $7 the first rest, $8 the longest
WITH agent AS (
    SELECT u.user_id, u.refusals FROM merchant_login l JOIN merchant_user u USING (user_id) WHERE l.login_id = $1
    FOR NO KEY UPDATE OF u
), said AS (
    UPDATE merchant_login l SET state = $2, serial = $3, evidence = $4::jsonb
    FROM agent a, payer_certificate c JOIN payer p USING (phone)
    WHERE l.login_id = $1 AND l.user_id = a.user_id AND l.state = 'waiting' AND l.expires_at > $5::timestamptz AND c.serial = $3
      AND c.phone = l.phone AND c.revoked_at IS NULL AND c.not_after > $5 AND p.status = 'active'
    RETURNING l.user_id
), counted AS (
    UPDATE merchant_user u SET
        refusals = CASE WHEN $2 = 'refused' THEN least(a.refusals + 1, 1000) ELSE 0 END,
        rests_until = CASE WHEN $2 = 'refused' AND a.refusals >= $6
                           THEN $5 + least($7::interval * 2 ^ least(a.refusals - $6, 20), $8::interval) END
    FROM said s JOIN agent a USING (user_id) WHERE u.user_id = s.user_id
)
SELECT user_id FROM said
