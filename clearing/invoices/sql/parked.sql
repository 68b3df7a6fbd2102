-- Rows with items that no night could price, as `rows` has them; with the decision that the pump's price holds.
SELECT w.account_id, w.currency, w.key, j.posted_minor, j.original_key, o.posted_minor AS original_minor, p.original_date,
       coalesce(o.flags, j.flags) AS flags, coalesce(o.detail, j.detail)::text AS detail, a.time_zone,
       floor(date_part('epoch', coalesce(o.decided_at, j.decided_at)) / 60)::bigint AS sold_minute,
       coalesce(v.plate, '') AS plate, coalesce(g.name, '') AS driver, coalesce(nullif(o.pan_masked, ''), j.pan_masked) AS card,
       coalesce(s.name, m.name, nullif(coalesce(o.site_id, j.site_id), ''), j.merchant_id) AS site, coalesce(s.country, '') AS country,
       w.journal_date, w.journal_id, coalesce(p.original_date, w.journal_date) AS supplied_on,
       w.product, d.exception_id AS at_pump, coalesce(o.site_id, j.site_id) AS site_id, coalesce(o.decided_at, j.decided_at) AS sold_at
FROM fuel_line_parked w
JOIN placement p ON p.stream = 'fuel' AND p.journal_date = w.journal_date AND p.journal_id = w.journal_id
JOIN journal j ON j.business_date = w.journal_date AND j.id = w.journal_id
LEFT JOIN journal o ON o.business_date = p.original_date AND o.id = p.original_id
LEFT JOIN exception_decision d ON d.reason = 'price_missing' AND d.subject_kind = 'invoice_line' AND d.subject = w.key
                               AND d.decision = 'accept' AND d.done_by = ''
JOIN account a ON a.account_id = w.account_id
LEFT JOIN vehicle v ON v.vehicle_id = coalesce(o.vehicle_id, j.vehicle_id)
LEFT JOIN driver g ON g.driver_id = coalesce(o.driver_id, j.driver_id)
LEFT JOIN site s ON s.site_id = coalesce(o.site_id, j.site_id)
LEFT JOIN merchant m ON m.merchant_id = coalesce(o.merchant_id, j.merchant_id)
WHERE w.billed_run IS NULL
ORDER BY w.account_id, w.currency, w.journal_date, w.key, w.product
