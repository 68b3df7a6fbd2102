-- What a person decided.  $1 credit, $2 state, $3 who, $4 why
UPDATE payment_credit SET state = $2, resolved_by = $3, resolved_at = clock_timestamp(), note = $4 WHERE credit_id = $1
RETURNING credit_id, bank_id, entry_reference, iban, currency, amount_minor, reference, booked_on, sender_iban, sender_name, payment_id, state,
          why, told_at, resolved_by, resolved_at, note
