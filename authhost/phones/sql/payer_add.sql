-- A payer of an account that is a payer's.  $1 phone, $2 account, $3 name
INSERT INTO payer (phone, account_id, name) VALUES ($1, $2, $3)
