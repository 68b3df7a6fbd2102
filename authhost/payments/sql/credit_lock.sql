-- A credit that matched nothing, locked.  $1 credit
SELECT credit_id, bank_id, entry_reference, iban, currency, amount_minor, reference, booked_on, sender_iban, sender_name, payment_id, state,
       why, told_at, resolved_by, resolved_at, note
FROM payment_credit WHERE credit_id = $1 AND state <> 'matched' FOR UPDATE
