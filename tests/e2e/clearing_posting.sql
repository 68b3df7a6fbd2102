-- What a decision has booked on an account.  $1 account, $2 deposit, $3 key of its journal row
INSERT INTO custody_posting (kind, account_id, amount_minor, currency, deposit_key, detail, who, posted_at, journal_key)
VALUES ('adjustment', $1, 4800, 'EUR', $2, '{}', 'test', clock_timestamp(), $3)
