-- The accounts of a batch.
SELECT account_id, kind, status, currency FROM account WHERE account_id = ANY($1::bigint[])
