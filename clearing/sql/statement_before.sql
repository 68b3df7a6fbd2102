-- The last statement before one, whose closing balance is its opening one; null where there is none.
-- $1 account, $2 currency, $3 first day
SELECT reference, to_day, closing_minor FROM bank_statement WHERE iban = $1 AND currency = $2 AND to_day <= $3
ORDER BY to_day DESC, page DESC, statement_id DESC LIMIT 1
