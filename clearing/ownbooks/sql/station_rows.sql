-- What was sold, and given back, at dealers' stations.  $1 business date, $2 stations
SELECT j.merchant_id, j.kind, p.amount_minor AS posted_minor, p.currency, o.posted_minor AS original_minor,
       coalesce(o.detail, j.detail)::text AS detail
FROM placement p
JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT r.posted_minor, r.detail FROM journal r
                   WHERE r.business_date = p.original_date AND r.id = p.original_id LIMIT 1) o ON true
WHERE p.stream = 'fuel' AND p.journal_date = $1::date AND p.place = 'cleared' AND p.family IN ('fuel', 'fuel_unidentified')
  AND p.amount_minor <> 0 AND j.merchant_id = ANY ($2::text[])
