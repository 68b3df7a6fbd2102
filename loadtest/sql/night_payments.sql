-- DuckDB: what banks have paid of a day's payments, both legs of each, in the columns of table journal; two in a hundred are refunded on
-- the same day, one in a hundred of the day before is refunded on this one.  {day}, {first} and {count}, {before_first} and {before_count}
WITH paid AS (
    SELECT n, late, moment, substr(md5(n::TEXT), 1, 26) AS payment_id, (hash(n + 3) % 10000)::BIGINT AS shop, (hash(n + 5) % 20000)::BIGINT AS payer,
           100 + (hash(n + 11) % 12000)::BIGINT AS minor, hash(n + 31) % 100 AS what
    FROM (SELECT n, false AS late, (n - {first}) * 86399.0 / {count} AS moment FROM range({first}, {first} + {count}) AS t (n)
          UNION ALL
          SELECT n, true, 40000 FROM range({before_first}, {before_first} + {before_count}) AS t (n) WHERE n % 100 = 3) AS numbered
),
-- The n-th of 10,000 chances belongs to shop 1 + n * n / 20,000: the first are the large ones.
named AS (
    SELECT *, 1 + shop * shop // 20000 AS shop_no, {day}::TIMESTAMPTZ + to_seconds(moment) AS decided_at,
           '{{"purpose":"Order ' || n || '","reference":"R-' || n || '"}}' AS detail
    FROM paid
),
leg AS (
    SELECT *, l.leg, false AS back FROM named, (VALUES (0), (1)) AS l (leg) WHERE NOT late
    UNION ALL
    SELECT *, l.leg, true FROM named, (VALUES (0), (1)) AS l (leg) WHERE late OR what < 2
)
SELECT {day}::DATE AS business_date, (n * 64 + CASE WHEN back THEN 16 ELSE 0 END + leg)::BIGINT AS id,
       'pay/' || payment_id || CASE WHEN back THEN '/refund/1' ELSE '/bank' END AS key, leg::SMALLINT AS leg,
       CASE WHEN back THEN 'reversal' WHEN leg = 0 THEN 'payment' ELSE 'payment_receipt' END AS kind, true AS approved, '000' AS action,
       'approved' AS reason, printf('%06X', n % 16777216) AS approval_code, minor::BIGINT AS requested_minor, minor::BIGINT AS amount_minor,
       (CASE WHEN back THEN -minor ELSE minor END)::BIGINT AS posted_minor, 'EUR' AS currency, '' AS terminal_id,
       printf('SHOP%04d', shop_no) AS merchant_id, '' AS site_id, CASE WHEN back THEN 'pay/' || payment_id || '/bank' ELSE '' END AS original_key,
       '' AS flags, '' AS pan_masked, decided_at, decided_at AS recorded_at, 1::BIGINT AS rules_version,
       (CASE leg WHEN 0 THEN 40001 + payer ELSE 20000 + shop_no END)::BIGINT AS account_id, 1::BIGINT AS fence, NULL::BIGINT AS card_id,
       NULL::BIGINT AS vehicle_id, NULL::BIGINT AS driver_id, 0::INTEGER AS day, 0::INTEGER AS week, 0::INTEGER AS month, 0::BIGINT AS money,
       0::BIGINT AS volume, 0::INTEGER AS count, detail, 0::SMALLINT AS pin_tries, 0::INTEGER AS minute, '' AS products,
       NULL::INTEGER AS odometer, 'payments' AS stream
FROM leg
