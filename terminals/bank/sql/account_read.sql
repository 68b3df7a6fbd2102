-- An account that is watched.
SELECT iban, currency, balance_minor, least_minor, closed FROM account WHERE iban = :iban AND currency = :currency
