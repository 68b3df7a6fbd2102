-- One of them, locked.  $1 IBAN
SELECT bank_id, currency, name, bic, status FROM collecting_account WHERE iban = $1 FOR UPDATE
