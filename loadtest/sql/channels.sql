-- The parties of the cash channel, beside the cards: safes and their clients, so many of each, without limits.
-- $1 how many. Accounts from 900001 on.
WITH party AS (
    SELECT number, to_char(number, 'FM00000') AS name FROM generate_series(1, $1::integer) AS number
),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency) SELECT 900000 + number, 'safe_client', 'client ' || number, 'EUR' FROM party
    RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
merchants AS (
    INSERT INTO merchant (merchant_id, name, account_id) SELECT 'C' || name, 'client ' || number, NULL FROM party
)
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, account_id)
SELECT 'S' || name, 'safe', '900001', 'C' || name, 900000 + number FROM party
