-- Credits that matched nothing, and what was decided about them, oldest first.  $1 state or '', $2 bank or '', $3 after this one, $4 most
SELECT credit_id, bank_id, entry_reference, iban, currency, amount_minor, reference, booked_on, sender_iban, sender_name, payment_id, state,
       why, told_at, resolved_by, resolved_at, note
FROM payment_credit
WHERE state <> 'matched' AND ($1 = '' OR state = $1) AND ($2 = '' OR bank_id = $2) AND credit_id > $3
ORDER BY credit_id LIMIT $4
