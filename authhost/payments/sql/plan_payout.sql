-- Of payments that are paid: the business day on which the merchant's part was booked (of captures by hand the last one's), and the
-- settlement terms of that day; the banks' calendar.  $1 ids
SELECT p.payment_id, c.business_date, plan.settlement::text AS settlement, d.bank_calendar
FROM payment p
JOIN claim c ON c.key = CASE
    WHEN p.capture = 'manual' THEN 'pay/' || p.payment_id || '/capture/' || (
        SELECT count(*) FROM payment_change h WHERE h.payment_id = p.payment_id AND h.event = 'capture')
    WHEN p.kind = 'qr' THEN 'pay/' || p.payment_id || '/word'
    ELSE 'pay/' || p.payment_id || '/bank' END
LEFT JOIN merchant m USING (merchant_id)
JOIN day_schedule d ON d.stream = 'payments'
JOIN LATERAL (SELECT settlement FROM merchant_plan s
              WHERE s.plan_id = coalesce(m.plan_id, 'standard') AND s.valid_from <= c.business_date
              ORDER BY s.valid_from DESC, s.version DESC LIMIT 1) plan ON true
WHERE p.payment_id = ANY ($1::text[]) AND p.paid_at IS NOT NULL AND p.captured_minor > 0 AND p.state NOT IN ('refunded', 'disputed')
  AND NOT p.sandbox
