-- How accounts are invoiced: $1 the account that is asked for, $2 the scope.
SELECT * FROM account_tax WHERE ($1::bigint IS NULL OR account_id = $1) AND ($2::bigint IS NULL OR account_id = $2)
ORDER BY account_id LIMIT 1000
