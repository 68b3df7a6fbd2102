-- Keep the master data that the day's rows name, as it is now: a repeat reads this, not the tables.
-- $1 run id, $2 business date, $3 look-back days (a reversal's original may name other sites and cars)
WITH booked AS (
    SELECT journal_date, journal_id FROM clearing_place WHERE run_id = $1
    UNION
    SELECT original_date, original_id FROM clearing_place WHERE run_id = $1 AND original_id IS NOT NULL
),
named AS MATERIALIZED (
    SELECT DISTINCT j.account_id, j.merchant_id, j.site_id, j.vehicle_id, j.driver_id
    FROM booked b JOIN journal j ON j.business_date = b.journal_date AND j.id = b.journal_id
    WHERE j.business_date BETWEEN $2::date - $3::int AND $2::date
),
merchants AS (
    SELECT m.* FROM merchant m WHERE m.merchant_id IN (SELECT merchant_id FROM named)
),
accounts AS (
    SELECT account_id FROM named WHERE account_id IS NOT NULL
    UNION SELECT account_id FROM merchants WHERE account_id IS NOT NULL
)
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', a.account_id::text, a.content FROM account_party a WHERE a.account_id IN (SELECT account_id FROM accounts)
UNION ALL
SELECT $1, 'merchant', merchant_id, jsonb_build_object('name', name, 'account_id', account_id) FROM merchants
UNION ALL
SELECT $1, 'site', site_id, jsonb_build_object('name', name) FROM site WHERE site_id IN (SELECT site_id FROM named)
UNION ALL
SELECT $1, 'vehicle', vehicle_id::text, jsonb_build_object('plate', plate) FROM vehicle
WHERE vehicle_id IN (SELECT vehicle_id FROM named)
UNION ALL
SELECT $1, 'driver', driver_id::text, jsonb_build_object('name', name) FROM driver
WHERE driver_id IN (SELECT driver_id FROM named)
