-- The operator's collecting accounts.
SELECT iban, bank_id, currency, name, bic, status FROM collecting_account ORDER BY iban
