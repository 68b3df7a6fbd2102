-- Two banks, one that is away, and one that takes night files alone; for each role a client with a safe of its own.
-- $1 business date  $2 roles: [{"role", "number", "bank", "rule", "iban"}]  $3 banks: [{"bank", "endpoint", "rails"}]
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date) ON CONFLICT DO NOTHING
),
party AS (
    SELECT * FROM jsonb_to_recordset($2::text::jsonb) AS t (role text, number integer, bank text, rule text, iban text)
),
banks AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails, answer_s)
    SELECT bank, bank, 'GIBAATWWXXX', endpoint, rails, 1
    FROM jsonb_to_recordset($3::text::jsonb) AS t (bank text, endpoint text, rails jsonb) RETURNING bank_id
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, credit_line, iban, bic, bank_id, credit_rule, address, contact)
    SELECT number, 'safe_client', 'client ' || role, 'EUR', 100000000000, iban, 'GIBAATWWXXX', bank_id, rule,
           '{"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}',
           '{"name": "Ana", "email": "ana@example.com"}'
    FROM party JOIN banks ON bank_id = bank RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name) SELECT 'C' || number, 'client ' || role FROM party RETURNING merchant_id
),
terminals AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id)
    SELECT 'S' || number, 'safe', '900001', 'C' || number, number FROM party RETURNING terminal_id
),
safes AS (
    INSERT INTO safe (terminal_id, shift_required) SELECT 'S' || number, false FROM party RETURNING terminal_id
),
clients AS (
    INSERT INTO safe_client (terminal_id, account_id) SELECT 'S' || number, number FROM party
)
INSERT INTO depositor (depositor_id, account_id, code, name) SELECT number, number, 'ana', 'Ana' FROM party
