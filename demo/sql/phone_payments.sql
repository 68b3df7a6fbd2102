-- Every payment by phone or code: what it is, what the journal has posted on the payer's and on the shop's side of it, and its refunds,
-- by the ids that the payer's bank knows them under.
SELECT p.payment_id, p.merchant_id, p.state, p.reason, p.kind, p.amount_minor, p.captured_minor, p.refunded_minor, p.payer_id,
       booked.payer_minor, booked.shop_minor, refunds.end_to_end_ids
FROM payment p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(j.posted_minor) FILTER (WHERE j.kind = 'payment' OR (j.kind = 'reversal' AND j.leg = 0)), 0)::bigint AS payer_minor,
           coalesce(sum(j.posted_minor) FILTER (WHERE j.kind = 'payment_receipt' OR (j.kind = 'reversal' AND j.leg > 0)), 0)::bigint AS shop_minor
    FROM journal j WHERE j.key LIKE 'pay/' || p.payment_id || '/%') AS booked
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg('R' || r.refund_id ORDER BY r.number), '{}') AS end_to_end_ids
    FROM refund r WHERE r.payment_id = p.payment_id AND r.state = 'paid') AS refunds
ORDER BY p.payment_id
