-- Merchants with a token each, payers with accounts at one bank, limits of every window, an enrolled phone each.
-- $1 business date  $2 SHA-256 of the merchants' tokens  $3 the bank's endpoint  $4 its rails  $5 payers: [{"phone", "iban", "serial",
-- "key_digest", "certificate"}], bytes in hexadecimal
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date) ON CONFLICT DO NOTHING
),
shop AS (
    SELECT number, hash FROM unnest($2::bytea[]) WITH ORDINALITY AS t (hash, number)
),
person AS (
    SELECT * FROM jsonb_to_recordset($5::text::jsonb) AS t (number bigint, phone text, iban text, serial text, key_digest text, certificate text)
),
banks AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails) VALUES ('BANK1', 'Bank', 'GIBAATWWXXX', $3, $4::text::jsonb) RETURNING bank_id
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, credit_line, limits, iban, bic, bank_id, address)
    SELECT 700000 + number, 'merchant', 'Shop ' || number, 'EUR', NULL::bigint, '[]'::jsonb, NULL, NULL, NULL, '{}'::jsonb FROM shop
    UNION ALL
    SELECT 800000 + number, 'payer', 'Payer ' || number, 'EUR', NULL,
           '[{"window": "transaction", "measure": "money", "maximum": 100000}, {"window": "day", "measure": "money", "maximum": 1000000000},
             {"window": "month", "measure": "money", "maximum": 10000000000}, {"window": "day", "measure": "count", "maximum": 1000000}]'::jsonb,
           iban, 'GIBAATWWXXX', bank_id,
           '{"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}'::jsonb
    FROM person, banks
    RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name, account_id) SELECT 'M' || number, 'Shop ' || number, 700000 + number FROM shop
),
users AS (
    INSERT INTO merchant_user (user_id, merchant_id, kind, name, created_by)
    SELECT 'till-' || number, 'M' || number, 'client', 'Till', 'loadtest' FROM shop
),
sessions AS (
    INSERT INTO merchant_session (token_hash, user_id, rights, created_at, expires_at)
    SELECT hash, 'till-' || number, '{payment,refund,report}', now(), now() + interval '1 day' FROM shop
),
payers AS (
    INSERT INTO payer (phone, account_id) SELECT phone, 800000 + number FROM person
)
INSERT INTO payer_certificate (serial, phone, key_digest, certificate, not_before, not_after)
SELECT serial, phone, decode(key_digest, 'hex'), decode(certificate, 'hex'), now() - interval '1 day', now() + interval '20 days' FROM person
