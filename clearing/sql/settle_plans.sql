-- The plans that hold on a day, of these merchants; null: of those with payments tonight. plan: null where there is none.
-- $1 run id, $2 business date, $3 merchants
WITH named AS (
    SELECT DISTINCT j.merchant_id FROM clearing_place p JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
    WHERE $3::text[] IS NULL AND p.run_id = $1 AND p.journal_date = $2::date AND p.family = 'payment_receipt' AND j.posted_minor <> 0
    UNION
    SELECT unnest($3::text[])
)
SELECT n.merchant_id, m.plan_id, coalesce(m.sandbox, false) AS sandbox, coalesce(m.status = 'active', true) AS is_active, plan.content::text AS plan
FROM named n
LEFT JOIN merchant m USING (merchant_id)
LEFT JOIN LATERAL (SELECT jsonb_build_object('fees', fees, 'settlement', settlement) AS content FROM merchant_plan s
                   WHERE s.plan_id = coalesce(m.plan_id, 'standard') AND s.valid_from <= $2::date
                   ORDER BY s.valid_from DESC, s.version DESC LIMIT 1) plan ON true
