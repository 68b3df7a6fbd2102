-- Payments as they are now.  $1 ids
SELECT p.payment_id, p.merchant_id, p.account_id, p.user_id, p.kind, p.payer_phone, p.amount_minor, p.currency, p.purpose, p.reference,
       p.capture, p.nonce, p.callback_url, p.sandbox, p.created_at, p.expires_at, p.state, p.version, p.changed_at, p.reason, p.paid_at,
       p.captured_minor, p.refunded_minor, p.payee
FROM payment p
WHERE p.payment_id = ANY ($1::text[])
