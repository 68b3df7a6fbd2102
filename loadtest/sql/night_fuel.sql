-- DuckDB: the fuel rows of a day, in the columns of table journal. Of a hundred purchases 79 are sales, 14 completions of a hold (two in
-- fourteen were raised), 3 off-line sales, 2 sales that were reversed, one with goods that came back, one a hold that stays open or expires.
-- A tenth of the sales of the day before is reversed on this one.
-- {day}, {first} and {count} of its purchases, {before_first} and {before_count} of those of the day before
WITH bought AS (
    SELECT n, late, moment, hash(n) % 100 AS what, (hash(n + 7) % 50000)::BIGINT AS card, (hash(n + 13) % 1000)::BIGINT AS till,
           10000 + (hash(n + 17) % 70000)::BIGINT AS ml, 1450 + (hash(n + 19) % 60)::BIGINT * 5 AS price, hash(n + 23) % 100 AS more
    FROM (SELECT n, false AS late, (n - {first}) * 86399.0 / {count} AS moment FROM range({first}, {first} + {count}) AS t (n)
          UNION ALL
          SELECT n, true, 40000 FROM range({before_first}, {before_first} + {before_count}) AS t (n)
          WHERE hash(n) % 100 <= 77 AND n % 10 = 3) AS numbered
),
priced AS (
    SELECT *, 1 + card * card // 1250000 AS account_id, CASE WHEN more < 60 THEN '012' WHEN more < 90 THEN '001' ELSE '002' END AS product,
           (ml * price + 5000) // 10000 AS fuel_minor, CASE WHEN more % 7 = 0 THEN 150 + (hash(n + 29) % 2000)::BIGINT ELSE 0 END AS shop_minor,
           printf('F%05d', till) AS terminal_id, printf('280131/F%05d', till) AS door, strftime({day} - CASE WHEN late THEN 1 ELSE 0 END, '%Y%m%d') AS day_text,
           {day}::TIMESTAMPTZ + to_seconds(moment) AS decided_at
    FROM bought
),
told AS (
    SELECT *, fuel_minor + shop_minor AS minor,
           '{{"items":[{{"product":"' || product || '","unit":"L","quantity":"' || printf('%d.%03d', ml // 1000, ml % 1000) || '","unit_price":"'
               || printf('%d.%03d', price // 1000, price % 1000) || '","amount_minor":' || fuel_minor || '}}'
               || CASE WHEN shop_minor > 0 THEN ',{{"product":"400","amount_minor":' || shop_minor || '}}' ELSE '' END
               || '],"odometer":' || (100000 + card % 300000)
               || CASE WHEN account_id % 3 = 0 THEN ',"prices":[{{"product":"' || product || '","unit_price":"'
                       || printf('%d.%03d', (price - 30) // 1000, (price - 30) % 1000) || '","amount_minor":' || ((ml * (price - 30) + 5000) // 10000)
                       || ',"contract":"C1","version":1}}]' ELSE '' END || '}}' AS detail,
           product || ':' || fuel_minor || ':' || ml || CASE WHEN shop_minor > 0 THEN ';400:' || shop_minor || ':0' ELSE '' END AS products
    FROM priced
),
-- what: up to 77 and 98 sale, 78 to 91 hold and completion, 92 to 94 off line, 95 and 96 reversed, 97 goods back, 99 hold alone
step AS (
    SELECT t.*, s.* FROM told t JOIN (VALUES
        (0, 77, 0, 'sale', '20', 1, 1), (78, 91, 0, 'preauthorization', '10', 0, 0), (78, 91, 2, 'completion', '22', 1, 1),
        (92, 94, 0, 'offline_sale', '22', 1, 1), (95, 97, 0, 'sale', '20', 1, 1), (95, 96, 3, 'reversal', '42', -1, -1),
        (97, 97, 3, 'return', '20', -1, 0), (98, 98, 0, 'sale', '20', 1, 1), (99, 99, 0, 'preauthorization', '10', 0, 0)
    ) AS s (low, high, place, kind, class, sign, whole) ON t.what BETWEEN s.low AND s.high AND NOT t.late
    UNION ALL
    SELECT t.*, 99, 99, 3, 'expiry', '70', 0, 0 FROM told t WHERE t.what = 99 AND t.more < 50 AND NOT t.late
    UNION ALL
    SELECT t.*, 78, 91, 1, 'increment', '10', 0, 0 FROM told t WHERE t.what IN (78, 79) AND NOT t.late
    UNION ALL
    SELECT t.*, 0, 0, 3, 'reversal', '42', -1, -1 FROM told t WHERE t.late
),
posted AS (
    SELECT *, CASE WHEN sign = 0 THEN 0 WHEN whole = 0 THEN -(minor // 10) - 1 ELSE sign * minor END AS posted_minor,
           n * 64 + place * 16 AS id
    FROM step
)
SELECT {day}::DATE AS business_date, id::BIGINT AS id,
       door || '/' || class || '/' || day_text || '/' || n || CASE WHEN place IN (1, 3) THEN 'x' ELSE '' END AS key, 0::SMALLINT AS leg, kind,
       true AS approved, '000' AS action, 'approved' AS reason, printf('%06X', n % 16777216) AS approval_code,
       CASE kind WHEN 'preauthorization' THEN 15000 ELSE abs(posted_minor) END::BIGINT AS requested_minor,
       CASE kind WHEN 'preauthorization' THEN greatest(15000, minor) WHEN 'increment' THEN 5000 ELSE abs(posted_minor) END::BIGINT AS amount_minor,
       posted_minor::BIGINT AS posted_minor, 'EUR' AS currency, terminal_id, printf('STATION%04d', till % 200) AS merchant_id,
       printf('S%04d', till % 200) AS site_id,
       CASE WHEN kind IN ('completion', 'increment', 'expiry') THEN door || '/10/' || day_text || '/' || n
            WHEN kind IN ('reversal', 'return') THEN door || '/20/' || day_text || '/' || n ELSE '' END AS original_key,
       CASE WHEN kind = 'offline_sale' AND more < 5 THEN 'passed:day' ELSE '' END AS flags,
       '780131*********' || printf('%04d', card % 10000) AS pan_masked, decided_at, decided_at AS recorded_at, 1::BIGINT AS rules_version,
       account_id::BIGINT AS account_id, 1::BIGINT AS fence, (card + 1)::BIGINT AS card_id, (card + 1)::BIGINT AS vehicle_id,
       (card + 1)::BIGINT AS driver_id, 20000::INTEGER AS day, 2900::INTEGER AS week, 680::INTEGER AS month,
       posted_minor::BIGINT AS money, (sign * ml)::BIGINT AS volume, sign::INTEGER AS count,
       CASE WHEN kind IN ('sale', 'offline_sale', 'completion') THEN detail ELSE '{{}}' END AS detail,
       0::SMALLINT AS pin_tries, 0::INTEGER AS minute, CASE WHEN sign > 0 THEN products ELSE '' END AS products,
       (100000 + card % 300000)::INTEGER AS odometer, 'fuel' AS stream
FROM posted
