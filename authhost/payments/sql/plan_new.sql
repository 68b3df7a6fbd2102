-- A new version of a plan from a day on; none where the newest of that day says the same. Versions of one plan are made one after the
-- other: the rules row is held against the cut-over, the plan's lock against another version.
-- $1 plan, $2 from, $3 fees, $4 settlement, $5 who
INSERT INTO merchant_plan (plan_id, valid_from, version, fees, settlement, who)
SELECT $1, $2::date, coalesce(last.version, 0) + 1, $3::text::jsonb, $4::text::jsonb, $5
FROM (VALUES (1)) AS one
LEFT JOIN LATERAL (SELECT version, fees, settlement FROM merchant_plan WHERE plan_id = $1 AND valid_from = $2::date
                   ORDER BY version DESC LIMIT 1) last ON true
WHERE (last.fees, last.settlement) IS DISTINCT FROM ($3::text::jsonb, $4::text::jsonb)
RETURNING version
