-- What banks have told of credits, and what became of it.
SELECT entry_reference, amount_minor, state, payment_id FROM payment_credit
