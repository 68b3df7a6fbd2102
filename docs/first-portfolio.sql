-- A first fleet card with its station, a first safe, and a first shop with a payer and the payer's bank: one statement, all or nothing.
-- $1 keyed hash of the card number  $2 its mask  $3 expiry YYMM
WITH banks AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails) VALUES ('BANK1', 'First Bank', 'GIBAATWWXXX', 'http://127.0.0.1:8643',
        '[{"currency": "EUR", "rail": "instant", "debtor": {"name": "Operator", "iban": "AT852011100000099999", "bic": "GIBAATWWXXX",
           "address": {"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}},
           "collects": {"name": "Operator", "iban": "AT852011100000099999", "bic": "GIBAATWWXXX",
           "address": {"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}}}]')
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, time_zone, limits, iban, bic, address, bank_id) VALUES
        (1, 'fleet', 'First Fleet', 'EUR', 'Europe/Ljubljana', '[{"window": "month", "measure": "money", "maximum": 500000}]', NULL, NULL,
         '{"street": "Main Street", "number": "1", "postcode": "1000", "town": "Ljubljana", "country": "SI"}', NULL),
        (2, 'safe_client', 'First Client', 'EUR', 'Europe/Ljubljana', '[]', 'DE89370400440532013000', 'COBADEFFXXX',
         '{"street": "Ring", "number": "2", "postcode": "60311", "town": "Frankfurt am Main", "country": "DE"}', NULL),
        (3, 'merchant', 'First Shop', 'EUR', 'Europe/Ljubljana', '[]', 'DE02120300000000202051', 'BYLADEM1001',
         '{"street": "Ring", "number": "3", "postcode": "10117", "town": "Berlin", "country": "DE"}', NULL),
        (4, 'payer', 'First Payer', 'EUR', 'Europe/Ljubljana', '[{"window": "day", "measure": "money", "maximum": 20000}]',
         'AT611904300234573201', 'GIBAATWWXXX', '{"street": "Ring", "number": "4", "postcode": "1010", "town": "Wien", "country": "AT"}', 'BANK1')
),
fences AS (
    INSERT INTO fence (account_id) VALUES (1), (2), (3), (4)
),
cards AS (
    INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, products, limits)
    VALUES (1, 1, $1::bytea, $2::text, $3::text, ARRAY['001', '019'], '[{"window": "day", "measure": "money", "maximum": 20000}]')
),
merchants AS (
    INSERT INTO merchant (merchant_id, name, account_id) VALUES
        ('STATION1', 'First Station', NULL), ('CLIENT1', 'First Client', NULL), ('SHOP1', 'First Shop', 3)
),
sites AS (
    INSERT INTO site (site_id, merchant_id, name) VALUES ('SITE1', 'STATION1', 'First Station')
),
terminals AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id, account_id) VALUES
        ('POS1', 'pos', '280131', 'STATION1', 'SITE1', NULL),
        ('SAFE1', 'safe', '900001', 'CLIENT1', NULL, 2)
),
payers AS (
    INSERT INTO payer (phone, account_id, name) VALUES ('+38640000001', 4, 'First Payer')
)
-- A host that was asked by one of these terminals before remembers it as a stranger, under the version before.
UPDATE rules SET version = version + 1
