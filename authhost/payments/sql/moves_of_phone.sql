-- What waits for a payer, and what became of the rest since an instant; newest first.  $1 phone, $2 now, $3 since
SELECT p.payment_id, p.merchant_id, p.account_id, p.user_id, p.kind, p.payer_phone, p.amount_minor, p.currency, p.purpose, p.reference,
       p.capture, p.nonce, p.callback_url, p.sandbox, p.created_at, p.expires_at, p.state, p.version, p.changed_at, p.reason, p.paid_at,
       p.captured_minor, p.refunded_minor, p.payee
FROM payment p
WHERE p.payer_phone = $1 AND (
    (p.state IN ('created', 'sent', 'opened') AND p.expires_at > $2::timestamptz)
    OR (p.state NOT IN ('created', 'sent', 'opened') AND p.changed_at > $3::timestamptz))
ORDER BY p.state IN ('created', 'sent', 'opened') DESC, p.changed_at DESC LIMIT 200
