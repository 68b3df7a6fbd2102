-- What `prices show` needs of an account.
SELECT name, currency, time_zone FROM account WHERE account_id = $1
