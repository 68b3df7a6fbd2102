-- All versions of a plan, the newest day first.  $1 plan
SELECT plan_id, valid_from, version, fees::text AS fees, settlement::text AS settlement, who, at FROM merchant_plan
WHERE plan_id = $1 ORDER BY valid_from DESC, version DESC LIMIT 1000
