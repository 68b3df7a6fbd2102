-- The newest word of banks about each payee.
SELECT DISTINCT ON (iban, name) iban, name, outcome, bank_name FROM payee_verification ORDER BY iban, name, verification_id DESC
