-- The plans that hold on a day, of these merchants. plan: null where there is none.  $1 business date, $2 merchants
SELECT n.merchant_id, m.plan_id, coalesce(m.sandbox, false) AS sandbox, coalesce(m.status = 'active', true) AS is_active, plan.content::text AS plan
FROM unnest($2::text[]) AS n (merchant_id)
LEFT JOIN merchant m USING (merchant_id)
LEFT JOIN LATERAL (SELECT jsonb_build_object('fees', fees, 'settlement', settlement) AS content FROM merchant_plan s
                   WHERE s.plan_id = coalesce(m.plan_id, 'standard') AND s.valid_from <= $1::date
                   ORDER BY s.valid_from DESC, s.version DESC LIMIT 1) plan ON true
