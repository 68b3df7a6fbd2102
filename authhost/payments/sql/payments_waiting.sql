-- What waits for a payer, oldest first.  $1 phone, $2 now
SELECT p.payment_id, p.merchant_id, p.account_id, p.user_id, p.kind, p.payer_phone, p.amount_minor, p.currency, p.purpose, p.reference,
       p.capture, p.nonce, p.callback_url, p.sandbox, p.created_at, p.expires_at, p.state, p.version, p.changed_at, p.reason, p.paid_at,
       p.captured_minor, p.refunded_minor, p.payee
FROM payment p
WHERE p.payer_phone = $1 AND p.state IN ('created', 'sent', 'opened') AND p.expires_at > $2::timestamptz
ORDER BY p.created_at LIMIT 100
