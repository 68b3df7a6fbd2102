-- A merchant's payments, newest first; what is null is not asked.
-- $1 merchant, $2 states, $3 from, $4 to, $5 amount, $6 reference, $7 phone, $8 and $9 created_at and id of the last one seen, $10 most
SELECT p.payment_id, p.merchant_id, p.account_id, p.user_id, p.kind, p.payer_phone, p.amount_minor, p.currency, p.purpose, p.reference,
       p.capture, p.nonce, p.callback_url, p.sandbox, p.created_at, p.expires_at, p.state, p.version, p.changed_at, p.reason, p.paid_at,
       p.captured_minor, p.refunded_minor, p.payee
FROM payment p
WHERE p.merchant_id = $1
  AND ($2::text[] IS NULL OR p.state = ANY ($2))
  AND ($3::timestamptz IS NULL OR p.created_at >= $3)
  AND ($4::timestamptz IS NULL OR p.created_at < $4)
  AND ($5::bigint IS NULL OR p.amount_minor = $5)
  AND ($6::text IS NULL OR p.reference = $6)
  AND ($7::text IS NULL OR p.payer_phone = $7)
  AND ($8::timestamptz IS NULL OR p.created_at <= $8 AND (p.created_at < $8 OR p.payment_id > $9::text COLLATE "C"))
ORDER BY p.created_at DESC, p.payment_id LIMIT $10
