-- What terminals booked on a business date, by card type, kind and product. One pass over the day's rows.
-- Amounts are positive, whatever their direction. A completion books what its hold became: the hold's release is no sale, but
-- that of a sale which was told again as an advice is, for both are booked; the reversal of a return books again. $1 business date
WITH day AS MATERIALIZED (
    SELECT id, leg, key, kind, terminal_id, card_id, posted_minor, amount_minor, money, volume, products FROM journal
    WHERE business_date = $1 AND approved AND kind IN ('sale', 'offline_sale', 'completion', 'return', 'reversal')
),
head AS MATERIALIZED (
    SELECT id, key, terminal_id, card_id, posted_minor <> amount_minor AND kind = 'completion' AS again,
           CASE kind WHEN 'completion' THEN 'sale' ELSE kind END AS kind,
           CASE WHEN kind IN ('return', 'reversal') AND posted_minor < 0 THEN -1 ELSE 1 END AS sign
    FROM day
    WHERE leg = 0 AND CASE WHEN kind = 'completion' THEN amount_minor <> 0 ELSE posted_minor <> 0 END
),
part AS (
    SELECT h.terminal_id, h.card_id, h.kind, h.key, h.again, split_part(p, ':', 1) AS product,
           sum(h.sign * split_part(p, ':', 2)::bigint) AS money, sum(h.sign * split_part(p, ':', 3)::bigint) AS volume
    FROM day d JOIN head h ON h.id = d.id - d.leg
    CROSS JOIN LATERAL unnest(CASE WHEN d.products = '' THEN ARRAY[':' || d.money || ':' || d.volume]
                                   ELSE string_to_array(d.products, ';') END) p
    WHERE h.sign < 0 OR d.money >= 0 OR h.again
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT p.terminal_id, coalesce(c.program_id, '') AS card_type, p.kind, p.product, count(*) FILTER (WHERE NOT p.again)::bigint AS count,
       sum(p.money)::bigint AS amount_minor, sum(p.volume)::bigint AS volume_ml
FROM part p LEFT JOIN card c USING (card_id)
WHERE p.money <> 0 OR p.volume <> 0
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
