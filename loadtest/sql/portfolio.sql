-- One account a card, with a vehicle and a driver; every scope has limits, by its name in $4. An open business day keeps its date.
-- $1 business date  $2 keyed hashes  $3 masked numbers  $4 limits  $5 terminals; the n-th hash is account n's card.
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date) ON CONFLICT DO NOTHING
),
party AS (
    SELECT number, pan_hmac, pan_masked
    FROM unnest($2::bytea[], $3::text[]) WITH ORDINALITY AS t (pan_hmac, pan_masked, number)
),
matrix AS (SELECT $4::text::jsonb AS limits_of),
products AS (
    INSERT INTO product (product, name, fuel)
    VALUES ('001', 'Super', true), ('002', 'Super Plus', true), ('012', 'Diesel', true), ('400', 'Shop', false)
    ON CONFLICT DO NOTHING
),
groups AS (
    INSERT INTO product_group (group_id, name, products) VALUES (1, 'fuel', ARRAY['001', '002', '012']) ON CONFLICT DO NOTHING
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, time_zone, limits, address)
    SELECT number, 'fleet', 'fleet ' || number, 'EUR', 'Europe/Berlin', limits_of->'account', '{"town": "Berlin", "country": "DE"}'::jsonb
    FROM party, matrix
),
fences AS (
    INSERT INTO fence (account_id) SELECT number FROM party
),
vehicles AS (
    INSERT INTO vehicle (vehicle_id, account_id, plate, limits)
    SELECT number, number, 'L ' || number, limits_of->'vehicle' FROM party, matrix
),
drivers AS (
    INSERT INTO driver (driver_id, account_id, name, limits)
    SELECT number, number, 'L ' || number, limits_of->'driver' FROM party, matrix
),
cards AS (
    INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, vehicle_id, driver_id, products, sites, hours, limits)
    SELECT number, number, pan_hmac, pan_masked, '3012', number, number, ARRAY['@fuel', '400'], ARRAY['S1', 'S2'],
           array_fill((1 << 24) - 1, ARRAY[7]), limits_of->'card'
    FROM party, matrix
),
merchants AS (
    INSERT INTO merchant (merchant_id, name) VALUES ('M1', 'Station')
),
sites AS (
    INSERT INTO site VALUES ('S1', 'M1', 'Station')
)
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)
SELECT name, 'pos', '280131', 'M1', 'S1' FROM unnest($5::text[]) AS t (name)
