-- $1 IBAN, $2 name as it stands in the order, $3 outcome, $4 the bank's name for it, $5 who said so
INSERT INTO payee_verification (iban, name, outcome, bank_name, source) VALUES ($1, $2, $3, $4, $5)
