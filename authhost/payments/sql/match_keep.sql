-- A credit that a person decides about; nothing where it was told before.
-- $1 bank, $2 its entry, $3 IBAN, $4 currency, $5 amount, $6 reference, $7 day, $8 sender's IBAN, $9 and name, $10 payment, $11 why
INSERT INTO payment_credit (bank_id, entry_reference, iban, currency, amount_minor, reference, booked_on, sender_iban, sender_name, payment_id,
                            state, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'unmatched', $11)
ON CONFLICT DO NOTHING
