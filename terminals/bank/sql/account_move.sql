-- Money goes out of one account and into another, where they are watched.
UPDATE account SET balance_minor = balance_minor + CASE iban WHEN :debtor THEN -:amount_minor ELSE :amount_minor END
WHERE iban IN (:debtor, :creditor) AND currency = :currency
