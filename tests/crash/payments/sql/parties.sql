-- A bank and one that is away, two merchants with a token each, an account for each payer.
-- $1 business date  $2 payers: [{"number", "name", "bank", "iban", "limits"}]  $3 banks: [{"bank", "endpoint", "rails"}]
-- $4 merchants: [{"merchant", "account", "limits", "sandbox", "token"}], tokens as SHA-256 in hexadecimal  $5 secret of webhooks
-- $6 the collecting account's IBAN  $7 its bank
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1::date, $1::date, $1::date) ON CONFLICT DO NOTHING
),
person AS (
    SELECT * FROM jsonb_to_recordset($2::text::jsonb) AS t (number bigint, name text, bank text, iban text, limits jsonb)
),
shop AS (
    SELECT * FROM jsonb_to_recordset($4::text::jsonb) AS t (merchant text, account bigint, limits jsonb, sandbox boolean, token text)
),
banks AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails, answer_s)
    SELECT bank, bank, 'GIBAATWWXXX', endpoint, rails, 1
    FROM jsonb_to_recordset($3::text::jsonb) AS t (bank text, endpoint text, rails jsonb) RETURNING bank_id
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, limits, iban, bic, bank_id, address)
    SELECT account, 'merchant', 'Shop ' || merchant, 'EUR', limits, NULL, NULL, NULL, '{}'::jsonb FROM shop
    UNION ALL
    SELECT number, 'payer', 'Payer ' || name, 'EUR', limits, iban, 'GIBAATWWXXX', bank_id,
           '{"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}'::jsonb
    FROM person JOIN banks ON bank_id = bank
    RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name, account_id, sandbox) SELECT merchant, 'Shop ' || merchant, account, sandbox FROM shop
    RETURNING merchant_id
),
users AS (
    INSERT INTO merchant_user (user_id, merchant_id, kind, name, created_by)
    SELECT 'till-' || merchant, merchant, 'client', 'Till', 'crash' FROM shop JOIN merchants ON merchant_id = merchant RETURNING user_id
),
sessions AS (
    INSERT INTO merchant_session (token_hash, user_id, rights, created_at, expires_at)
    SELECT decode(token, 'hex'), user_id, '{payment,refund,report}', now(), now() + interval '1 day'
    FROM shop JOIN users ON user_id = 'till-' || merchant
),
keys AS (
    INSERT INTO webhook_key (merchant_id, key_id, secret) SELECT merchant_id, 'k1', $5::bytea FROM merchants
)
INSERT INTO collecting_account (iban, bank_id, currency, name) SELECT $6::text, bank_id, 'EUR', 'Payments Ltd' FROM banks WHERE bank_id = $7::text
