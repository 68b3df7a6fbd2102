-- All payments as they are, with what their bank was asked, and what the journal has booked and counted of each for payer and merchant.
SELECT p.payment_id, p.merchant_id, p.kind, p.payer_phone, p.amount_minor, p.sandbox, p.state, p.reason, p.version, p.captured_minor,
       p.refunded_minor, p.callback_url <> '' AS hooked, o.state AS order_state,
       coalesce(j.payer_minor, 0)::bigint AS payer_minor, coalesce(j.merchant_minor, 0)::bigint AS merchant_minor,
       coalesce(j.payer_counted, 0)::bigint AS payer_counted, coalesce(j.merchant_counted, 0)::bigint AS merchant_counted,
       coalesce(j.number, 0)::bigint AS number
FROM payment p
LEFT JOIN bank_order o ON o.end_to_end_id = 'P' || p.payment_id
LEFT JOIN (
    SELECT m.payment_id,
           sum(r.posted_minor) FILTER (WHERE r.account_id IS DISTINCT FROM m.account_id) AS payer_minor,
           sum(r.posted_minor) FILTER (WHERE r.account_id = m.account_id) AS merchant_minor,
           sum(r.money) FILTER (WHERE r.account_id IS DISTINCT FROM m.account_id) AS payer_counted,
           sum(r.money) FILTER (WHERE r.account_id = m.account_id) AS merchant_counted, sum(r.count) AS number
    FROM journal r JOIN payment m ON m.payment_id = r.detail ->> 'payment' GROUP BY 1
) j ON j.payment_id = p.payment_id
ORDER BY p.created_at
