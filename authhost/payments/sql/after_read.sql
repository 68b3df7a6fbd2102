-- What else is known of a payment, in a snapshot newer than its lock: how many captures and refunds, its merchant, the bank that moved its money, and
-- what stands under an Idempotency-Key.  $1 id, $2 EndToEndId of the debit, $3 alias
SELECT (SELECT count(*) FROM payment_change WHERE payment_id = $1 AND event = 'capture')::int AS captures,
       (SELECT coalesce(max(number), 0) FROM refund WHERE payment_id = $1)::int AS refunds,
       coalesce((SELECT m.status = 'active' FROM merchant m JOIN payment p USING (merchant_id) WHERE p.payment_id = $1), false) AS merchant_active,
       coalesce((SELECT bank_id FROM bank_order WHERE end_to_end_id = $2), '') AS bank_id, known.fingerprint, known.answer
FROM (VALUES (1)) AS one
LEFT JOIN (SELECT a.fingerprint, c.answer FROM claim a JOIN claim c ON c.key = a.refers_to WHERE a.key = $3) known ON true
