-- What was booked on an account on one day: money out is negative.
SELECT end_to_end_id, message_id, source, service, name, debtor, creditor, remittance,
       CASE WHEN debtor = :iban THEN -amount_minor ELSE amount_minor END AS signed_minor
FROM payment
WHERE (debtor = :iban OR creditor = :iban) AND currency = :currency AND booked_on = :day AND status <> 'RJCT'
ORDER BY received_us, end_to_end_id
