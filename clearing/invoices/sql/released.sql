-- What came out of suspense and is the fleets', as `rows` has it: of the account that was decided, and of the amount that came out. What is
-- given back of it, is of the day on which it came out.  $1 run id
SELECT x.account_id, x.currency, j.key, x.amount_minor AS posted_minor, j.original_key, o.posted_minor AS original_minor,
       b.business_date AS original_date,
       coalesce(o.flags, j.flags) AS flags, coalesce(o.detail, j.detail)::text AS detail, a.time_zone,
       floor(date_part('epoch', coalesce(o.decided_at, j.decided_at)) / 60)::bigint AS sold_minute,
       coalesce(v.plate, '') AS plate, coalesce(d.name, '') AS driver, coalesce(nullif(o.pan_masked, ''), j.pan_masked) AS card,
       coalesce(s.name, m.name, nullif(coalesce(o.site_id, j.site_id), ''), j.merchant_id) AS site, coalesce(s.country, '') AS country,
       x.journal_date, x.journal_id, coalesce(p.original_date, x.journal_date) AS supplied_on
FROM suspense_release x
JOIN placement_fuel p ON p.journal_date = x.journal_date AND p.journal_id = x.journal_id
JOIN journal j ON j.business_date = x.journal_date AND j.id = x.journal_id
LEFT JOIN journal o ON o.business_date = p.original_date AND o.id = p.original_id
LEFT JOIN suspense_release w ON w.journal_date = p.original_date AND w.journal_id = p.original_id
LEFT JOIN clearing_run b ON b.run_id = w.run_id
JOIN account a ON a.account_id = x.account_id
LEFT JOIN vehicle v ON v.vehicle_id = coalesce(o.vehicle_id, j.vehicle_id)
LEFT JOIN driver d ON d.driver_id = coalesce(o.driver_id, j.driver_id)
LEFT JOIN site s ON s.site_id = coalesce(o.site_id, j.site_id)
LEFT JOIN merchant m ON m.merchant_id = coalesce(o.merchant_id, j.merchant_id)
WHERE x.run_id = $1 AND x.family = 'suspense_accepted' AND x.amount_minor <> 0
ORDER BY x.account_id, x.currency COLLATE "C", j.key, j.leg
