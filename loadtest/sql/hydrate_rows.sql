-- The journal of that fleet in rows $1 to $2 of $3: evenly over $4 days up to $5, which card by chance; one purchase in four has something from the
-- shop, one row in fifty is a reversal. The fence moves on every ten thousand rows, so that a roll-up may stand anywhere. $6 cards  $7 fence of the newest
-- $8 detail, as a sale of items has it
WITH purchase AS (
    SELECT n, $5::timestamptz - ($3 - n) * ($4::integer * interval '1 day' / $3) AS decided_at,
           1 + (hashint8(n)::bigint + 2147483648) % $6::bigint AS card_id, 2000 + n % 7001 AS money, 20000 + n % 60001 AS volume,
           n % 50 = 49 AS reversed, CASE n % 3 WHEN 0 THEN '001' ELSE '012' END AS fuel, n % 4 = 0 AS shop,
           greatest(1, $7::bigint - ($3 - n) / 10000) AS fence
    FROM generate_series($1::bigint, $2::bigint) AS n
),
timed AS (
    SELECT *, (decided_at AT TIME ZONE 'Europe/Berlin')::date AS local, CASE WHEN reversed THEN -1 ELSE 1 END AS sign FROM purchase
)
INSERT INTO journal (
    business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor, posted_minor, currency,
    terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, recorded_at, rules_version, account_id, fence, card_id, vehicle_id,
    driver_id, subaccount_id, minute, day, week, month, money, volume, count, products, odometer, detail)
SELECT local, n * 16, '280131/P' || lpad((n % 100)::text, 7, '0') || '/20/' || to_char(local, 'YYYYMMDD') || '/' || n, 0,
       CASE WHEN reversed THEN 'reversal' ELSE 'sale' END, true, CASE WHEN reversed THEN '400' ELSE '000' END, 'approved',
       lpad((n % 1000000)::text, 6, '0'), money, money, sign * money, 'EUR', 'P' || lpad((n % 100)::text, 7, '0'), 'M1', 'S' || n % 16, '', '',
       '780131*********0000', decided_at, decided_at, 1, 1, fence, card_id, card_id, card_id, card_id / 500,
       (extract(epoch FROM decided_at)::bigint / 60)::integer, local - date '1970-01-01', (local - date '1970-01-01' + 3) / 7,
       extract(year FROM local)::integer * 12 + extract(month FROM local)::integer - 1, sign * money, sign * volume, sign,
       fuel || ':' || sign * (money - CASE WHEN shop THEN 300 ELSE 0 END) || ':' || sign * volume || CASE WHEN shop THEN ';400:' || sign * 300 || ':0' ELSE '' END,
       CASE WHEN reversed THEN NULL ELSE (n / 1000)::integer END, $8::text::json
FROM timed
