-- The drivers of a batch.
SELECT driver_id AS id, account_id, name FROM driver WHERE driver_id = ANY($1::bigint[])
