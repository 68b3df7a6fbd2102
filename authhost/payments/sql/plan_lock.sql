-- One at a time makes a version of a plan; the business date that is open.  $1 plan
SELECT pg_advisory_xact_lock(hashtextextended('merchant_plan/' || $1::text, 0)), r.payments_date AS business_date FROM rules r FOR SHARE OF r
