-- What the fleets owe for, fleet by fleet. A credit takes its text from the row that it gives back. What a sale is made of comes first
-- (storing.sale_of), in `released` and `parked`, too.
-- $1 run id, $2 business date, $3 only these, or null
SELECT j.account_id, j.currency, j.key, j.posted_minor, j.original_key, o.posted_minor AS original_minor, p.original_date,
       coalesce(o.flags, j.flags) AS flags, coalesce(o.detail, j.detail)::text AS detail, a.time_zone,
       floor(date_part('epoch', coalesce(o.decided_at, j.decided_at)) / 60)::bigint AS sold_minute,
       coalesce(v.plate, '') AS plate, coalesce(d.name, '') AS driver, coalesce(nullif(o.pan_masked, ''), j.pan_masked) AS card,
       coalesce(s.name, m.name, nullif(coalesce(o.site_id, j.site_id), ''), j.merchant_id) AS site, coalesce(s.country, '') AS country,
       p.journal_id
FROM placement p
JOIN journal j ON j.business_date = $2::date AND j.stream = 'fuel' AND j.id = p.journal_id
-- Each by its number: most have none, and a join of both would go through every day there is.
LEFT JOIN LATERAL (SELECT * FROM journal r WHERE r.business_date = p.original_date AND r.id = p.original_id LIMIT 1) o ON true
JOIN account a ON a.account_id = j.account_id
LEFT JOIN vehicle v ON v.vehicle_id = coalesce(o.vehicle_id, j.vehicle_id)
LEFT JOIN driver d ON d.driver_id = coalesce(o.driver_id, j.driver_id)
LEFT JOIN site s ON s.site_id = coalesce(o.site_id, j.site_id)
LEFT JOIN merchant m ON m.merchant_id = coalesce(o.merchant_id, j.merchant_id)
WHERE p.stream = 'fuel' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND p.place = 'cleared' AND p.family = 'fuel' AND p.amount_minor <> 0
  AND ($3::bigint[] IS NULL OR p.journal_id = ANY ($3::bigint[]))
ORDER BY j.account_id, j.currency COLLATE "C", j.key, j.leg
