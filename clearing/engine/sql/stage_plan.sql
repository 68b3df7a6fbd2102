-- The plan that each merchant is charged by on a day; what a merchant without one, or without a version that holds, pays is nothing.  {day}
SELECT m.merchant_id, coalesce((SELECT jsonb_build_object('fees', fees, 'settlement', settlement)::text FROM merchant_plan s
                                WHERE s.plan_id = coalesce(m.plan_id, 'standard') AND s.valid_from <= {day}
                                ORDER BY s.valid_from DESC, s.version DESC LIMIT 1), '{{}}') AS plan
FROM merchant m
