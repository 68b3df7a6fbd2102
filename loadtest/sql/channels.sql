-- The parties of the two other channels, beside the cards: safes, tills and payers, so many of each, without limits.
-- $1 how many  $2 the payers' public keys, in order. Accounts from 900001 on: safes, merchants, payers in turn.
WITH party AS (
    SELECT number, to_char(number, 'FM00000') AS name FROM generate_series(1, $1::integer) AS number
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency)
    SELECT 900000 + number, 'safe_client', 'client ' || number, 'EUR' FROM party UNION ALL
    SELECT 910000 + number, 'merchant', 'merchant ' || number, 'EUR' FROM party UNION ALL
    SELECT 920000 + number, 'payer', 'payer ' || number, 'EUR' FROM party
    RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name, account_id)
    SELECT 'C' || name, 'client ' || number, NULL FROM party UNION ALL
    SELECT 'P' || name, 'merchant ' || number, 910000 + number FROM party
),
terminals AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id)
    SELECT 'S' || name, 'safe', '900001', 'C' || name, 900000 + number FROM party UNION ALL
    SELECT 'K' || name, 'till', '900002', 'P' || name, NULL FROM party
)
INSERT INTO payer (phone, account_id, public_key)
SELECT '+49150' || to_char(number, 'FM0000000'), 920000 + number, ($2::bytea[])[number] FROM party
