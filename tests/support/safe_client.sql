-- A safe's client with complete master data. $1 account, $2 IBAN, $3 exposure cap or null, $4 bank
WITH made AS (INSERT INTO bank (bank_id, name) VALUES ($4, 'North Bank') ON CONFLICT DO NOTHING)
UPDATE account SET iban = $2, credit_line = $3, bank_id = $4, address = '{"street": "Main", "town": "Graz", "country": "AT"}',
                   contact = '{"name": "Ana", "email": "ana@example.com"}'
WHERE account_id = $1
