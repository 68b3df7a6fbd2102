-- In which currencies an account has entries.
SELECT DISTINCT currency FROM payment WHERE debtor = :iban OR creditor = :iban ORDER BY currency
