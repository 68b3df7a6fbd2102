-- One of them, new or changed.  $1 IBAN, $2 bank, $3 currency, $4 name, $5 BIC, $6 status
INSERT INTO collecting_account (iban, bank_id, currency, name, bic, status) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (iban) DO UPDATE SET name = EXCLUDED.name, bic = EXCLUDED.bic, status = EXCLUDED.status
