-- One account a card, with a vehicle and a driver; every scope has limits. An open business day keeps its date.
-- $1 business date  $2 keyed hashes  $3 masked numbers  $4 limits  $5 terminals; the n-th hash is account n's card.
WITH rules_row AS (
    INSERT INTO rules (business_date) VALUES ($1::date) ON CONFLICT DO NOTHING
),
party AS (
    SELECT number, pan_hmac, pan_masked
    FROM unnest($2::bytea[], $3::text[]) WITH ORDINALITY AS t (pan_hmac, pan_masked, number)
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, time_zone, limits)
    SELECT number, 'fleet', 'fleet ' || number, 'EUR', 'Europe/Berlin', $4::text::jsonb FROM party
),
fences AS (
    INSERT INTO fence (account_id) SELECT number FROM party
),
vehicles AS (
    INSERT INTO vehicle (vehicle_id, account_id, plate, limits)
    SELECT number, number, 'L ' || number, $4::text::jsonb FROM party
),
drivers AS (
    INSERT INTO driver (driver_id, account_id, name, limits)
    SELECT number, number, 'L ' || number, $4::text::jsonb FROM party
),
cards AS (
    INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, vehicle_id, driver_id, products, sites, hours, limits)
    SELECT number, number, pan_hmac, pan_masked, '3012', number, number, ARRAY['001', '002', '012'], ARRAY['S1', 'S2'],
           array_fill((1 << 24) - 1, ARRAY[7]), $4::text::jsonb
    FROM party
),
merchants AS (
    INSERT INTO merchant (merchant_id, name) VALUES ('M1', 'Station')
),
sites AS (
    INSERT INTO site VALUES ('S1', 'M1', 'Station')
)
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)
SELECT name, 'pos', '280131', 'M1', 'S1' FROM unnest($5::text[]) AS t (name)
