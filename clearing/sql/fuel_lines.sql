-- What the fleets owe for, fleet by fleet, then by vehicle and time. A credit takes its text from the row that it gives back.
-- $1 run id, $2 business date
SELECT j.account_id, j.currency, j.key, j.kind, j.posted_minor, j.original_key, p.original_date, o.posted_minor AS original_minor,
       a.content::text AS party,
       coalesce(o.decided_at, j.decided_at) AS sold_at,
       coalesce(nullif(o.pan_masked, ''), j.pan_masked) AS card,
       coalesce(v.content ->> 'plate', '') AS plate, coalesce(d.content ->> 'name', '') AS driver,
       coalesce(s.content ->> 'name', m.content ->> 'name', nullif(coalesce(o.site_id, j.site_id), ''), j.merchant_id) AS site,
       coalesce(o.detail, j.detail)::text AS detail
FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT * FROM journal r
                   WHERE r.business_date = p.original_date AND r.id = p.original_id LIMIT 1) o ON true
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = j.account_id::text
LEFT JOIN clearing_party v ON v.run_id = $1 AND v.kind = 'vehicle'
                          AND v.party_id = coalesce(o.vehicle_id, j.vehicle_id)::text
LEFT JOIN clearing_party d ON d.run_id = $1 AND d.kind = 'driver'
                          AND d.party_id = coalesce(o.driver_id, j.driver_id)::text
LEFT JOIN clearing_party s ON s.run_id = $1 AND s.kind = 'site' AND s.party_id = coalesce(o.site_id, j.site_id)
LEFT JOIN clearing_party m ON m.run_id = $1 AND m.kind = 'merchant' AND m.party_id = coalesce(o.merchant_id, j.merchant_id)
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.place = 'cleared' AND p.family = 'fuel' AND j.posted_minor <> 0
ORDER BY j.account_id, j.currency COLLATE "C", sold_at, j.key, j.leg
