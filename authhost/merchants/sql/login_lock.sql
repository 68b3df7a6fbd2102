-- Whoever has this phone, locked: logins of one agent begin one after the other. None while the number rests.  $1 phone, $2 now
SELECT u.user_id FROM merchant_user u JOIN merchant m USING (merchant_id)
WHERE u.phone = $1 AND u.kind = 'agent' AND u.status = 'active' AND m.status <> 'closed'
  AND (u.rests_until IS NULL OR u.rests_until <= $2::timestamptz)
FOR NO KEY UPDATE OF u
