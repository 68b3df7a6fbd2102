-- What an account has moved before a day.
SELECT coalesce(sum(CASE WHEN debtor = :iban THEN -amount_minor ELSE amount_minor END), 0) AS balance_minor
FROM payment WHERE (debtor = :iban OR creditor = :iban) AND currency = :currency AND booked_on < :day AND status <> 'RJCT'
