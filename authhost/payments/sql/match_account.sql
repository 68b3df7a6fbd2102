-- The operator's account that codes are paid to: the active one of a currency, or this one of a bank.  $1 currency, $2 IBAN or '', $3 bank
SELECT iban, bank_id, currency, name, bic FROM collecting_account
WHERE currency = $1 AND CASE WHEN $2::text = '' THEN status = 'active' ELSE iban = $2 AND bank_id = $3::text END
