-- A credit that was told before.  $1 bank, $2 its entry, $3 IBAN: banks number entries by account
SELECT currency, amount_minor, state, why, payment_id FROM payment_credit WHERE bank_id = $1 AND entry_reference = $2 AND iban = $3
