-- "Write down the fence seen, do not compare it": locked, so that a hydration waits until these rows are there to be summed.
SELECT f.account_id, f.fence FROM fence f WHERE f.account_id = ANY ($1::bigint[]) ORDER BY f.account_id FOR SHARE
