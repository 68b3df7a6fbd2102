-- A deposit under its lock.
SELECT key, account_id, state, credit, amount_minor FROM deposit WHERE key = $1 FOR UPDATE
