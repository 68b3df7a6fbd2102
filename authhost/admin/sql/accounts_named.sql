-- Accounts, their currency and status.
SELECT account_id, currency, status FROM account WHERE account_id = ANY ($1::bigint[])
