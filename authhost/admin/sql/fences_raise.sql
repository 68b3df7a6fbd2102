-- Many accounts' fences, under the table's lock.
UPDATE fence SET fence = fence + 1 WHERE account_id = ANY ($1::bigint[])
