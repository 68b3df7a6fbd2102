-- $1 account, $2 the bank's number of the statement, $3 page
SELECT statement_id, digest FROM bank_statement WHERE iban = $1 AND reference = $2 AND page = $3
