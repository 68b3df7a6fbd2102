-- A year of an office: deposits and messages of fifty safes.
INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ('2026-07-23', '2026-07-23', '2026-07-23');
SELECT journal_month('2026-03-01');
INSERT INTO merchant (merchant_id, name) VALUES ('SHOP', 'Shop');
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id) SELECT 'S' || n, 'safe', '1', 'SHOP' FROM generate_series(0, 49) n;
INSERT INTO safe (terminal_id) SELECT terminal_id FROM terminal;
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, kind, currency, amount_minor, recorded_at, credit)
SELECT 'k' || n, date '2026-01-01' + n / 100, n, 'S' || n % 50, 1, 'cash', 'EUR', 100, now(), 'night' FROM generate_series(0, 36499) n;
INSERT INTO safe_message (terminal_id, sequence, kind, fingerprint, local_time, business_date, content, answer)
SELECT 'S' || n % 50, n / 50 + 1, CASE WHEN n % 20 < 1 THEN 'end_of_day' ELSE 'status' END, '', now()::timestamp, date '2026-01-01' + n / 50, '{}', ''
FROM generate_series(0, 18249) n;
ANALYZE deposit, safe_message;
