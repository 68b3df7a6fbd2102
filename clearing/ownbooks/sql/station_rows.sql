-- What was sold, and given back, at dealers' stations; and what the day's run has charged back to them, which is taken back. supplied_on: when it
-- was sold, of what is given back, taken again and charged back.
-- $1 business date, $2 stations
SELECT j.merchant_id, false AS charged_back, p.amount_minor AS posted_minor, p.currency, o.posted_minor AS original_minor,
       coalesce(s.country, '') AS country, p.original_date AS supplied_on,
       coalesce(o.detail, j.detail)::text AS detail
FROM placement p
JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT r.posted_minor, r.detail, r.site_id FROM journal r
                   WHERE r.business_date = p.original_date AND r.id = p.original_id LIMIT 1) o ON true
LEFT JOIN site s ON s.site_id = coalesce(o.site_id, j.site_id)
WHERE p.stream = 'fuel' AND p.journal_date = $1::date AND p.place = 'cleared' AND p.family IN ('fuel', 'fuel_unidentified')
  AND p.amount_minor <> 0 AND j.merchant_id = ANY ($2::text[])
UNION ALL
SELECT j.merchant_id, true, x.amount_minor, x.currency, o.posted_minor, coalesce(s.country, ''), coalesce(p.original_date, p.journal_date),
       coalesce(o.detail, j.detail)::text
FROM clearing_run r
JOIN suspense_release x ON x.run_id = r.run_id AND x.family = 'suspense_charged_back' AND x.amount_minor <> 0
JOIN placement_fuel p ON p.journal_date = x.journal_date AND p.journal_id = x.journal_id
JOIN journal j ON j.business_date = x.journal_date AND j.id = x.journal_id
LEFT JOIN journal o ON o.business_date = p.original_date AND o.id = p.original_id
LEFT JOIN site s ON s.site_id = coalesce(o.site_id, j.site_id)
WHERE r.business_date = $1::date AND r.stream = 'fuel' AND j.merchant_id = ANY ($2::text[])
