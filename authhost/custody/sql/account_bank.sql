-- The bank of an account.
SELECT bank_id FROM account WHERE account_id = $1
