-- A safe with its clients, and ana and bob (blocked) at each of them. $1 terminal, $2 accounts, $3 references, $4 registered cassettes,
-- $5 note capacity
WITH terminals AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, status) VALUES ($1, 'safe', '280131', 'SHOP', 'active')
),
safes AS (
    INSERT INTO safe (terminal_id, model, time_zone, note_capacity) VALUES ($1, 'S-100', 'Europe/Vienna', $5)
),
clients AS (
    INSERT INTO safe_client (terminal_id, account_id, reference) SELECT $1, * FROM unnest($2::bigint[], $3::text[])
),
cassettes AS (
    INSERT INTO cassette (cassette_id) SELECT unnest($4::text[]) ON CONFLICT DO NOTHING
)
INSERT INTO depositor (depositor_id, account_id, code, name, status)
SELECT account_id * 10 + number, account_id, code, initcap(code), status
FROM unnest($2::bigint[]) AS account_id, (VALUES (1, 'ana', 'active'), (2, 'bob', 'blocked')) AS people (number, code, status)
ON CONFLICT DO NOTHING
