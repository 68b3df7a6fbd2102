-- One fleet: $1 cards, each with a vehicle and a driver of its own, in sub-accounts of five hundred; sixteen sites, four products.
-- Keyed hashes are the card's number in 32 bytes: nobody asks the HSM here. $2 business date  $3 limits by scope; a sub-account has the fleet's
WITH rules_row AS (INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($2::date, $2::date, $2::date)),
matrix AS (SELECT $3::text::jsonb AS limits_of),
products AS (
    INSERT INTO product (product, name, fuel)
    VALUES ('001', 'Super', true), ('012', 'Diesel', true), ('100', 'Oil', false), ('400', 'Shop', false)
),
groups AS (INSERT INTO product_group (group_id, name, products) VALUES (1, 'fuel', ARRAY['001', '012'])),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, time_zone, limits, site_limits, credit_line)
    SELECT 1, 'fleet', 'Haulage', 'EUR', 'Europe/Berlin', limits_of->'account', limits_of->'site', 100000000000000 FROM matrix
),
fences AS (INSERT INTO fence (account_id, fence) VALUES (1, 1)),
number AS (SELECT n FROM generate_series(1, $1::integer) AS n),
subaccounts AS (
    INSERT INTO subaccount (subaccount_id, account_id, name, limits)
    SELECT n / 500, 1, 'depot ' || n / 500, limits_of->'account' FROM number, matrix WHERE n % 500 = 0 OR n = 1
),
vehicles AS (INSERT INTO vehicle (vehicle_id, account_id, plate, limits) SELECT n, 1, 'B ' || n, limits_of->'vehicle' FROM number, matrix),
drivers AS (INSERT INTO driver (driver_id, account_id, name, limits) SELECT n, 1, 'D ' || n, limits_of->'driver' FROM number, matrix),
merchants AS (INSERT INTO merchant (merchant_id, name) VALUES ('M1', 'Stations')),
sites AS (INSERT INTO site (site_id, merchant_id, name) SELECT 'S' || n, 'M1', 'Station ' || n FROM generate_series(0, 15) AS n)
INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, vehicle_id, driver_id, subaccount_id, limits)
SELECT n, 1, decode(lpad(to_hex(n), 64, '0'), 'hex'), '780131*********' || lpad((n % 10000)::text, 4, '0'), '3012', n, n, n / 500, limits_of->'card'
FROM number, matrix
