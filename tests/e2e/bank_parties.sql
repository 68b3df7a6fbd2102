-- A bank and two clients of it.  $1 bank, $2 endpoint, $3 rails, $4 seconds for an answer, $5 first account
WITH bank_row AS (
    INSERT INTO bank (bank_id, name, bic, endpoint, rails, answer_s)
    VALUES ($1, 'First Bank', 'BKAUATWWXXX', $2, $3::jsonb, $4)
    RETURNING bank_id
)
INSERT INTO account (account_id, kind, name, currency, iban, bic, address, bank_id, credit_rule)
SELECT $5::bigint + n, 'safe_client', 'Client ' || n, 'EUR', iban, 'BKAUATWWXXX', '{"town": "Wien", "country": "AT"}', bank_id, 'instant'
FROM bank_row, (VALUES (1, 'AT611904300234573201'), (2, 'AT483200000012345864')) AS given (n, iban)
