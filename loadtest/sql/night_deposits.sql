-- DuckDB: a day's deposits in 1,500 safes, in the columns of table journal; one in a hundred is withheld.  {day}, {first} and {count}
SELECT {day}::DATE AS business_date, (n * 64)::BIGINT AS id, printf('900001/D%05d/21/%s/%d', safe, strftime({day}, '%Y%m%d'), n) AS key,
       0::SMALLINT AS leg, 'deposit' AS kind, true AS approved, '000' AS action, 'approved' AS reason, '' AS approval_code,
       minor::BIGINT AS requested_minor, minor::BIGINT AS amount_minor, minor::BIGINT AS posted_minor, 'EUR' AS currency,
       printf('D%05d', safe) AS terminal_id, printf('CLIENT%04d', 1 + safe % 500) AS merchant_id, '' AS site_id, '' AS original_key,
       CASE WHEN hash(n + 31) % 100 = 0 THEN 'withheld:provisional_cap' ELSE '' END AS flags, '' AS pan_masked, decided_at,
       decided_at AS recorded_at, 1::BIGINT AS rules_version, (10001 + safe % 500)::BIGINT AS account_id, 1::BIGINT AS fence,
       NULL::BIGINT AS card_id, NULL::BIGINT AS vehicle_id, NULL::BIGINT AS driver_id, 20000::INTEGER AS day, 2900::INTEGER AS week,
       680::INTEGER AS month, minor::BIGINT AS money, 0::BIGINT AS volume, 1::INTEGER AS count,
       '{{"kind":"cash","receipt":"R' || n || '","cassette":"0040' || printf('%014d', safe) || '","depositor":"ana","denominations":[{{"value_minor":5000,'
           || '"count":' || minor // 5000 || ',"kind":"note","category":"4b"}},{{"value_minor":100,"count":' || minor % 5000 // 100
           || ',"kind":"coin"}}]}}' AS detail,
       0::SMALLINT AS pin_tries, 0::INTEGER AS minute, '' AS products, NULL::INTEGER AS odometer, 'cash' AS stream
FROM (SELECT n, (hash(n + 13) % 1500)::BIGINT AS safe, 5000 + (hash(n + 17) % 3000)::BIGINT * 100 AS minor,
             {day}::TIMESTAMPTZ + to_seconds((n - {first}) * 86399.0 / {count}) AS decided_at
      FROM range({first}, {first} + {count}) AS t (n)) AS put
