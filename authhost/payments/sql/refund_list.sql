-- The refunds of a payment, in their order. They are bounded (after.py).  $1 payment
SELECT r.refund_id, r.payment_id, r.number, r.amount_minor, p.currency, r.state, r.reason, r.reference, r.why, r.user_id, r.created_at,
       r.changed_at, p.merchant_id
FROM refund r JOIN payment p USING (payment_id)
WHERE r.payment_id = $1 ORDER BY r.number
