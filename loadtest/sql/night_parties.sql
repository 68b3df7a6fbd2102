-- The portfolio of a night: 2,000 fleets with 50,000 cards, 200 stations, 5,000 merchants with their plans, 20,000 payers, 500 clients of
-- 1,500 safes, 4 banks. The first fleets are the large ones, and so are the first merchants.  {day}: the business day
CREATE FUNCTION pg_temp.iban(bank text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'AT' || lpad((98 - (bank || lpad(number::text, 11, '0') || '102900')::numeric % 97)::text, 2, '0')
           || bank || lpad(number::text, 11, '0')
$$;
CREATE FUNCTION pg_temp.house(number bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('street', 'Ringstraße', 'number', number::text, 'postcode', '1010', 'town', 'Wien', 'country', 'AT')
$$;
CREATE TEMP TABLE of_bank (bank integer PRIMARY KEY, bank_id text, code text, bic text);
INSERT INTO of_bank VALUES (0, 'ERSTE', '20111', 'GIBAATWWXXX'), (1, 'BAWAG', '14000', 'BAWAATWWXXX'), (2, 'BACA', '12000', 'BKAUATWWXXX'),
                           (3, 'RLB', '32000', 'RLNWATWWXXX');
INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ({day}::date - 1, {day}::date - 1, {day}::date - 1);
SELECT journal_month({day}::date - 1), journal_month({day}::date);

INSERT INTO bank (bank_id, name, bic, rails)
SELECT bank_id, bank_id || ' Bank', bic, jsonb_build_array(jsonb_build_object('currency', 'EUR', 'rail', 'transfer', 'debtor', jsonb_build_object(
    'name', 'Authhost Operator', 'iban', pg_temp.iban(code, 1), 'bic', bic, 'address', pg_temp.house(1))))
FROM of_bank;
INSERT INTO account (account_id, kind, name, currency, time_zone, iban, bic, bank_id, address, billing, posting)
SELECT number, 'fleet', 'Fleet ' || number || ' GmbH', 'EUR', 'Europe/Vienna', pg_temp.iban(code, number), bic, NULL, pg_temp.house(number),
       'daily', '{{}}'
FROM generate_series(1, 2000) number JOIN of_bank ON bank = number % 4
UNION ALL
SELECT 10000 + number, 'safe_client', 'Market ' || number || ' & Co', 'EUR', 'Europe/Vienna', pg_temp.iban(code, 10000 + number), bic, bank_id,
       pg_temp.house(number), CASE number % 10 WHEN 0 THEN 'monthly' WHEN 1 THEN 'weekly' ELSE 'daily' END,
       CASE number % 5 WHEN 0 THEN '{{"by": "client"}}' ELSE '{{}}' END::jsonb
FROM generate_series(1, 500) number JOIN of_bank ON bank = number % 4
UNION ALL
SELECT 20000 + number, 'merchant', 'Shop ' || number || ' <Søn>', 'EUR', 'Europe/Vienna', pg_temp.iban(code, 20000 + number), bic, NULL,
       pg_temp.house(number), 'daily', '{{}}'
FROM generate_series(1, 5000) number JOIN of_bank ON bank = number % 4
UNION ALL
SELECT 40000 + number, 'payer', 'Payer ' || number, 'EUR', 'Europe/Vienna', pg_temp.iban(code, 40000 + number), bic, bank_id, pg_temp.house(number),
       'daily', '{{}}'
FROM generate_series(1, 20000) number JOIN of_bank ON bank = number % 4;
INSERT INTO fence (account_id) SELECT account_id FROM account;

-- As in life: a tenth daily, four tenths weekly, three tenths half-monthly, the rest monthly; half of them pay by direct debit.
INSERT INTO account_tax (account_id, vat_id, company_id, country, email, endpoint_id, endpoint_scheme, invoice_period, payment_days, collected_by,
                         forms)
SELECT number, 'ATU' || lpad(number::text, 8, '0'), 'FN' || number, 'AT', 'invoices@fleet' || number || '.example.com',
       'ATU' || lpad(number::text, 8, '0'), '9914',
       CASE WHEN number % 10 = 0 THEN 'day' WHEN number % 10 <= 4 THEN 'week' WHEN number % 10 <= 7 THEN 'half_month' ELSE 'month' END,
       14, CASE number % 2 WHEN 0 THEN 'direct_debit' ELSE 'transfer' END,
       CASE number % 4 WHEN 0 THEN ARRAY['ubl', 'csv'] ELSE ARRAY['ubl'] END
FROM generate_series(1, 2000) number;
INSERT INTO mandate (mandate_id, account_id, scheme, signed_on, debtor_name, iban, bic, address)
SELECT 'M' || account_id, account_id, CASE account_id % 4 WHEN 0 THEN 'B2B' ELSE 'CORE' END, '2026-01-02', name, iban, bic, address
FROM account WHERE kind = 'fleet' AND account_id % 2 = 0;

INSERT INTO product (product, name, fuel)
VALUES ('001', 'Super', true), ('002', 'Super Plus', true), ('012', 'Diesel', true), ('400', 'Shop', false), ('062', 'AdBlue', false)
ON CONFLICT DO NOTHING;
-- Cards of a fleet: the n-th of 50,000 belongs to fleet 1 + n * n / 1,250,000.
INSERT INTO vehicle (vehicle_id, account_id, plate)
SELECT n + 1, 1 + n * n / 1250000, 'W ' || n || ' A' FROM generate_series(0, 49999::bigint) n;
INSERT INTO driver (driver_id, account_id, name)
SELECT n + 1, 1 + n * n / 1250000, 'Driver ' || n FROM generate_series(0, 49999::bigint) n;
INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, vehicle_id, driver_id)
SELECT n + 1, 1 + n * n / 1250000, sha256(n::text::bytea), '780131*********' || lpad((n % 10000)::text, 4, '0'), '3012', n + 1, n + 1
FROM generate_series(0, 49999::bigint) n;

INSERT INTO merchant (merchant_id, name)
SELECT 'STATION' || lpad(n::text, 4, '0'), 'Station ' || n FROM generate_series(0, 199) n
UNION ALL SELECT 'CLIENT' || lpad(n::text, 4, '0'), 'Market ' || n FROM generate_series(1, 500) n;
INSERT INTO site (site_id, merchant_id, name, country)
SELECT 'S' || lpad(n::text, 4, '0'), 'STATION' || lpad(n::text, 4, '0'), 'Motorway A' || n, 'AT' FROM generate_series(0, 199) n;
INSERT INTO merchant_plan (plan_id, valid_from, version, fees, settlement, who) VALUES
    ('retail', '2026-01-01', 1, '{{"phone": {{"percent": "1.25", "fixed_minor": 10, "least_minor": 5, "most_minor": 500}},
      "qr": {{"fixed_minor": 8}}, "refund": {{"fixed_minor": 25}}}}', '{{"by": "net", "every": "day", "after_days": 1}}', 'loadtest'),
    ('weekly', '2026-01-01', 1, '{{"phone": {{"percent": "0.85"}}, "qr": {{"fixed_minor": 5}}, "refund": {{"fixed_minor": 20}}}}',
     '{{"by": "net", "every": "week", "weekday": 5, "after_days": 1, "holdback_percent": "5", "holdback_days": 30}}', 'loadtest'),
    ('gross', '2026-01-01', 1, '{{"phone": {{"percent": "1.1"}}, "qr": {{"fixed_minor": 5}}, "refund": {{"fixed_minor": 20}},
      "vat_basis_points": 2000}}', '{{"by": "gross", "every": "day", "after_days": 1}}', 'loadtest');
INSERT INTO merchant (merchant_id, name, account_id, plan_id)
SELECT 'SHOP' || lpad(n::text, 4, '0'), 'Shop ' || n, 20000 + n, CASE WHEN n % 10 < 7 THEN 'retail' WHEN n % 10 < 9 THEN 'weekly' ELSE 'gross' END
FROM generate_series(1, 5000) n;

INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)
SELECT 'F' || lpad(n::text, 5, '0'), 'pos', '280131', 'STATION' || lpad((n % 200)::text, 4, '0'), 'S' || lpad((n % 200)::text, 4, '0')
FROM generate_series(0, 999) n;
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id)
SELECT 'D' || lpad(n::text, 5, '0'), 'safe', '900001', 'CLIENT' || lpad((1 + n % 500)::text, 4, '0'), 10001 + n % 500
FROM generate_series(0, 1499) n;
INSERT INTO safe (terminal_id, time_zone) SELECT terminal_id, 'Europe/Vienna' FROM terminal WHERE kind = 'safe';
INSERT INTO safe_client (terminal_id, account_id) SELECT terminal_id, account_id FROM terminal WHERE kind = 'safe';
INSERT INTO safe_fee (account_id, valid_from, version, terms, who)
SELECT 10000 + n, '2026-01-01', 1, '{{"per_deposit_minor": 20, "percent_basis_points": 5, "monthly_minor": 4900, "vat_basis_points": 2000}}', 'loadtest'
FROM generate_series(1, 500) n;
ANALYZE
