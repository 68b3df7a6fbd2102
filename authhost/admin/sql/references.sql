-- What a change names and is not there: (field, value) of each. $1 account, $2 products, $3 groups, $4 sites, $5 vehicle, $6 driver,
-- $7 sub-account, $8 a card that is replaced. These four must be the account's own.
SELECT 'products' AS field, wanted AS value FROM unnest($2::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM product p WHERE p.product = wanted)
UNION ALL
SELECT 'group', wanted FROM unnest($3::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM product_group g WHERE g.name = wanted)
UNION ALL
SELECT 'sites', wanted FROM unnest($4::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM site s WHERE s.site_id = wanted)
UNION ALL
SELECT 'vehicle_id', $5::bigint::text
WHERE $5 IS NOT NULL AND NOT EXISTS (SELECT FROM vehicle v WHERE v.vehicle_id = $5 AND v.account_id = $1)
UNION ALL
SELECT 'driver_id', $6::bigint::text
WHERE $6 IS NOT NULL AND NOT EXISTS (SELECT FROM driver d WHERE d.driver_id = $6 AND d.account_id = $1)
UNION ALL
SELECT 'subaccount_id', $7::bigint::text
WHERE $7 IS NOT NULL AND NOT EXISTS (SELECT FROM subaccount b WHERE b.subaccount_id = $7 AND b.account_id = $1)
UNION ALL
SELECT 'replaces', $8::bigint::text
WHERE $8 IS NOT NULL AND NOT EXISTS (SELECT FROM card c WHERE c.card_id = $8 AND c.account_id = $1)
LIMIT 1
