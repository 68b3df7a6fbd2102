-- A vehicle's purchases of fuel, less what reversals and returns gave back of each, the oldest first. Of a message with several
-- legs what was taken counts (a hold's release does not: it takes back what the hold's own row has). The reading may be the hold's.
WITH took AS (
    SELECT key, original_key, leg, decided_at, site_id, currency, amount_minor, odometer, fence,
           CASE WHEN products = '' THEN volume ELSE coalesce((
               SELECT sum(split_part(one, ':', 3)::bigint)
               FROM string_to_table(products, ';') AS one
               JOIN product p ON p.product = split_part(one, ':', 1) AND p.fuel), 0)::bigint END AS volume
    FROM journal
    WHERE vehicle_id = $1 AND business_date BETWEEN $2 AND $3 AND approved
      AND kind IN ('sale', 'offline_sale', 'completion') AND volume >= 0 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
),
bought AS (
    SELECT key, min(original_key) AS original_key, min(decided_at) AS decided_at, min(site_id) AS site_id,
           min(currency) AS currency, min(amount_minor) AS amount_minor, max(odometer) AS odometer, min(fence) AS fence,
           sum(volume)::bigint AS volume
    FROM took GROUP BY key
),
gave_back AS (
    SELECT original_key AS key, sum(volume)::bigint AS volume, sum(money)::bigint AS money FROM journal
    WHERE vehicle_id = $1 AND business_date >= $2 AND approved AND kind IN ('reversal', 'return')
      AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
    GROUP BY original_key
),
held AS (
    SELECT key, max(odometer) AS odometer FROM journal
    WHERE vehicle_id = $1 AND business_date BETWEEN $2 - 31 AND $3 AND kind = 'preauthorization' AND odometer IS NOT NULL
      AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
    GROUP BY key
)
SELECT b.key, b.decided_at, b.site_id, b.amount_minor + coalesce(g.money, 0) AS amount_minor, b.currency,
       b.volume + coalesce(g.volume, 0) AS volume_ml, coalesce(b.odometer, h.odometer) AS odometer, b.fence < $4 AS reset
FROM bought b
LEFT JOIN gave_back g ON g.key = b.key
LEFT JOIN held h ON h.key = b.original_key
WHERE b.volume > 0
ORDER BY b.decided_at, b.key
