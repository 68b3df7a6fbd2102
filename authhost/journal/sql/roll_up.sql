-- Move an account's roll-up forward to a fence ($2) below which no row will come: add the rows since its mark ($3).
WITH fresh AS MATERIALIZED (
    SELECT minute / 60 AS hour, day, week, month, kind IN ('funding', 'verification') AS funding, products, subaccount_id, site_id, money, volume, count
    FROM journal
    WHERE account_id = $1 AND fence >= $3 AND fence < $2 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
),
effect AS (
    SELECT hour, day, week, month, funding, '' AS product, subaccount_id, site_id, money, volume, count::bigint FROM fresh
    UNION ALL
    SELECT f.hour, f.day, f.week, f.month, f.funding, p.product, f.subaccount_id, f.site_id, p.money, p.volume, p.count
    FROM fresh f CROSS JOIN LATERAL product_effects(f.products, f.count) p WHERE f.products <> ''
),
scoped AS (
    SELECT 'a' AS scope, '' AS entity, * FROM effect
    UNION ALL SELECT 'b', subaccount_id::text, * FROM effect WHERE subaccount_id IS NOT NULL
    UNION ALL SELECT 's', site_id, * FROM effect
)
INSERT INTO rollup AS r (account_id, scope, entity, hour, day, week, month, product, funding, money, volume, count)
SELECT $1, scope, entity, hour, day, week, month, product, funding, sum(money), sum(volume), sum(count)
FROM scoped GROUP BY scope, entity, hour, day, week, month, product, funding
ON CONFLICT (account_id, scope, entity, hour, day, week, month, product, funding) DO UPDATE
    SET money = r.money + excluded.money, volume = r.volume + excluded.volume, count = r.count + excluded.count
