-- What all rows of an account ($3 'a'), of a sub-account ('b') or of the account at a site ('s') with a smaller fence have moved: the
-- roll-up below its mark, and the rows above it. By the hour as far back as a rolling window looks ($5), by the day for eight days ($6).
-- $7: whether products matter; what was bought together is counted under all their codes.
WITH mark AS (SELECT coalesce((SELECT fence FROM rolled WHERE account_id = $1), 0) AS fence),
tail AS MATERIALIZED (
    SELECT j.minute / 60 AS hour, j.day, j.week, j.month, j.kind IN ('funding', 'verification') AS funding, j.products, j.money, j.volume, j.count
    FROM journal j, mark
    WHERE j.account_id = $1 AND j.fence >= mark.fence AND j.fence < $2
      AND (j.money <> 0 OR j.volume <> 0 OR j.count <> 0 OR j.products <> '')
      AND CASE $3 WHEN 'b' THEN j.subaccount_id::text = $4 WHEN 's' THEN j.site_id = $4 ELSE true END
),
effect AS (
    SELECT hour, day, week, month, funding, product, money, volume, count FROM rollup
    WHERE account_id = $1 AND scope = $3 AND entity = $4 AND ($7 OR product = '')
    UNION ALL
    SELECT hour, day, week, month, funding, '', money, volume, count FROM tail
    UNION ALL
    SELECT t.hour, t.day, t.week, t.month, t.funding, p.product, p.money, p.volume, p.count
    FROM tail t CROSS JOIN LATERAL product_effects(t.products, t.count) p WHERE $7 AND t.products <> ''
)
SELECT CASE WHEN hour >= $5 THEN hour * 60 ELSE 0 END AS minute, CASE WHEN day >= $6 THEN day ELSE 0 END AS day, week, month,
       funding, product, sum(money)::bigint AS money, sum(volume)::bigint AS volume, sum(count)::bigint AS count
FROM effect GROUP BY 1, 2, 3, 4, 5, 6
