-- What an account is, and that it stays so until the payer is made.  $1 account
SELECT kind FROM account WHERE account_id = $1 FOR SHARE
