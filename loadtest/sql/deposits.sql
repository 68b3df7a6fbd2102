-- A safe for each cassette, with a client of its own, an open shift and one depositor. What is credited goes by night until it is told
-- otherwise: see deposits_rule.sql.
-- $1 business date  $2 cassettes (SSCC), the n-th of safe n  $3 the bank's endpoint  $4 its rails  $5 shift  $6 depositor  $7 IBANs
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date) ON CONFLICT DO NOTHING
),
party AS (
    SELECT number, to_char(number, 'FM00000') AS name, cassette_id, iban
    FROM unnest($2::text[], $7::text[]) WITH ORDINALITY AS t (cassette_id, iban, number)
),
banks AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails) VALUES ('BANK1', 'Bank', 'GIBAATWWXXX', $3, $4::text::jsonb) RETURNING bank_id
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, credit_line, iban, bic, bank_id, address, contact)
    SELECT 900000 + number, 'safe_client', 'client ' || number, 'EUR', 1000000000000000, iban, 'GIBAATWWXXX', bank_id,
           '{"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}',
           '{"name": "Ana", "email": "ana@example.com"}'
    FROM party, banks RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name) SELECT 'C' || name, 'client ' || number FROM party RETURNING merchant_id
),
terminals AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id)
    SELECT 'S' || name, 'safe', '900001', 'C' || name, 900000 + number FROM party RETURNING terminal_id
),
safes AS (
    INSERT INTO safe (terminal_id, cassette_id, shift, shift_by)
    SELECT 'S' || name, cassette_id, $5, 'ana' FROM party RETURNING terminal_id
),
clients AS (
    INSERT INTO safe_client (terminal_id, account_id) SELECT 'S' || name, 900000 + number FROM party
),
cassettes AS (
    INSERT INTO cassette (cassette_id) SELECT cassette_id FROM party
),
stays AS (
    INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at) SELECT cassette_id, 'S' || name, now() FROM party
)
INSERT INTO depositor (depositor_id, account_id, code, name)
SELECT number, 900000 + number, $6, 'Ana' FROM party
