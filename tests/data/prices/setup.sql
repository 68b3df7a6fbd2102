-- A chain with two fleets, three sites in two regions, four products and two groups that share one.
INSERT INTO rules (version, fuel_date, cash_date, payments_date) VALUES (10, '2026-07-23', '2026-07-23', '2026-07-23');
INSERT INTO account (account_id, kind, name, currency, time_zone) VALUES
    (101, 'fleet', 'ACME', 'EUR', 'Europe/Vienna'), (102, 'fleet', 'Bolt', 'EUR', 'UTC'),
    (103, 'payer', 'Payer', 'EUR', 'UTC'), (104, 'fleet', 'Empty', 'EUR', 'UTC');
INSERT INTO merchant (merchant_id, name) VALUES ('STATION', 'Station');
INSERT INTO site (site_id, merchant_id, name, region, country) VALUES
    ('S1', 'STATION', 'North', 'north', 'AT'), ('S2', 'STATION', 'South', 'south', 'AT'), ('S3', 'STATION', 'Away', '', '');
INSERT INTO product (product, name, fuel, unit) VALUES
    ('001', 'Diesel', true, 'L'), ('002', 'Super', true, 'L'), ('150', 'AdBlue', false, 'L'), ('400', 'Snack', false, 'U');
INSERT INTO product_group (group_id, name, products) VALUES (1, 'fuel', '{001,002}'), (2, 'road', '{001,150}');
