-- A safe with its courier, a bank that credits at once, and the fees of a client.
-- The client's account is 10; the safe's stay is 1.
INSERT INTO courier (courier_id, name) VALUES ('C1', 'Swift Couriers');
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id) VALUES ('SAFE1', 'safe', 'A1', 'SHOP', 10);
INSERT INTO safe (terminal_id, courier_id, time_zone) VALUES ('SAFE1', 'C1', 'Europe/Paris');
INSERT INTO safe_client (terminal_id, account_id) VALUES ('SAFE1', 10);
INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at, courier_id) VALUES ('012345678901234560', 'SAFE1', '2026-07-20', 'C1');
INSERT INTO bank (bank_id, name, bic, endpoint, rails) VALUES ('B/1', 'First Bank', 'AGRIFRPP', 'https://bank.example', '[{"currency": "EUR",
    "rail": "instant", "debtor": {"name": "Cash in transit", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP",
    "address": {"town": "Paris", "country": "FR"}}}]');
INSERT INTO safe_fee (account_id, valid_from, version, terms, who) VALUES (10, '2026-01-01', 1, '{"per_deposit_minor": 30, "per_note": "0.25",
    "percent_basis_points": 10, "monthly_minor": 500, "early_credit_basis_points": 365, "per_pickup_minor": 700, "per_count_minor": 200,
    "vat_basis_points": 2000}', 'test');
INSERT INTO courier_fee (courier_id, valid_from, version, currency, per_pickup_minor, per_count_minor, who)
VALUES ('C1', '2026-01-01', 1, 'EUR', 400, 100, 'test');
