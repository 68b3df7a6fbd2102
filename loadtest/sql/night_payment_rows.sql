-- DuckDB: table payment of the same payments.  {day}, {first} and {count}
SELECT substr(md5(n::TEXT), 1, 26) AS payment_id, printf('SHOP%04d', shop_no) AS merchant_id, (20000 + shop_no)::BIGINT AS account_id,
       'till' AS user_id, CASE WHEN hash(n + 37) % 10 < 7 THEN 'phone' ELSE 'qr' END AS kind, (40001 + hash(n + 5) % 20000)::BIGINT AS payer_id,
       'EUR' AS currency, minor::BIGINT AS amount_minor, 'Shop' AS payee, 'Order ' || n AS purpose, 'R-' || n AS reference,
       'automatic' AS capture, 'n' AS nonce, false AS sandbox, {day}::DATE AS business_date, {day}::TIMESTAMPTZ AS created_at,
       {day}::TIMESTAMPTZ + INTERVAL 1 HOUR AS expires_at, 'captured' AS state, {day}::TIMESTAMPTZ AS changed_at,
       {day}::TIMESTAMPTZ AS paid_at, minor::BIGINT AS captured_minor
FROM (SELECT n, 100 + (hash(n + 11) % 12000)::BIGINT AS minor, (hash(n + 3) % 10000)::BIGINT AS shop, 1 + shop * shop // 20000 AS shop_no
      FROM range({first}, {first} + {count}) AS t (n)) AS paid
