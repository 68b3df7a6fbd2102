-- Where a merchant stands now.  $1 merchant, $2 account, $3 currency, $4 closing, $5 carried, $6 why held
INSERT INTO merchant_balance (merchant_id, account_id, currency, closing_minor, carried_minor, held) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (merchant_id, account_id, currency)
DO UPDATE SET closing_minor = excluded.closing_minor, carried_minor = excluded.carried_minor, held = excluded.held
