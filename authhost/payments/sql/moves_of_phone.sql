-- What waits for a payer, of each merchant the newest alone, so that none hides the others; and what became of the rest since an instant.
-- Newest first.  $1 phone, $2 now, $3 since, $4 most of one merchant that wait
WITH waiting AS (
    SELECT payment_id FROM (
        SELECT payment_id, row_number() OVER (PARTITION BY merchant_id ORDER BY created_at DESC, payment_id) AS place
        FROM payment WHERE payer_phone = $1 AND state IN ('created', 'sent', 'opened') AND expires_at > $2::timestamptz) w
    WHERE place <= $4
)
SELECT p.payment_id, p.merchant_id, p.account_id, p.user_id, p.kind, p.payer_phone, p.amount_minor, p.currency, p.purpose, p.reference,
       p.capture, p.nonce, p.callback_url, p.sandbox, p.created_at, p.expires_at, p.state, p.version, p.changed_at, p.reason, p.paid_at,
       p.captured_minor, p.refunded_minor, p.payee
FROM payment p
WHERE p.payer_phone = $1 AND (
    p.payment_id IN (SELECT payment_id FROM waiting)
    OR (p.state NOT IN ('created', 'sent', 'opened') AND p.changed_at > $3::timestamptz))
ORDER BY p.state IN ('created', 'sent', 'opened') DESC, p.changed_at DESC LIMIT 200
