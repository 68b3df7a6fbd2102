-- A safe with its clients, a bank and a courier. $1 safe, $2 accounts, $3 credit rule, $4 tolerance in minor units, $5 bank.
WITH bank_row AS (
    INSERT INTO bank (bank_id, name, endpoint, rails) VALUES ($5, 'Bank ' || $5, 'https://bank.example', '[{"currency": "EUR", "rail": "instant"}]')
    ON CONFLICT (bank_id) DO UPDATE SET name = excluded.name RETURNING bank_id
),
courier_row AS (
    INSERT INTO courier (courier_id, name) VALUES ('CIT', 'Carriers') ON CONFLICT (courier_id) DO UPDATE SET name = excluded.name RETURNING courier_id
),
clients AS (
    UPDATE account SET bank_id = b.bank_id, credit_rule = $3, tolerance_minor = $4, iban = 'AT611904300234573201', name = 'Client ' || account_id,
        address = '{"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien", "country": "AT"}',
        contact = '{"name": "Ana", "phone": "+431234"}'
    FROM bank_row b WHERE account_id = ANY ($2::bigint[]) RETURNING account_id
),
terminal_row AS (
    INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id, account_id)
    VALUES ($1, 'safe', '280131', 'SHOP', 'S1', ($2::bigint[])[1]) RETURNING terminal_id
),
safe_row AS (
    INSERT INTO safe (terminal_id, model, courier_id, placement)
    SELECT terminal_id, 'TS-3', courier_id, '{"room": "office", "floor": "-1"}' FROM terminal_row, courier_row RETURNING terminal_id
)
INSERT INTO safe_client (terminal_id, account_id, reference)
SELECT terminal_id, account_id, account_id::text FROM safe_row, clients
