-- Deposits by their keys.
SELECT key, terminal_id, stay_id, account_id, bank_id, currency, amount_minor FROM deposit WHERE key = ANY ($1::text[]) ORDER BY key
