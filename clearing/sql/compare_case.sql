-- A difference between what was sent and what a bank says. $1 account, $2 currency, $3 minor units, $4 content
INSERT INTO cash_case (kind, account_id, currency, amount_minor, content) VALUES ('compare', $1, $2, $3, $4::text::jsonb)
RETURNING case_id
