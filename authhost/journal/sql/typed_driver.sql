-- A driver by the number that was typed in, under the account's fence. What the number matches must be one.
SELECT d.driver_id, d.limits::text AS limits, d.status, d.name, f.fence
FROM driver d JOIN fence f USING (account_id)
WHERE d.account_id = $1 AND d.number = $2 AND d.number <> ''
ORDER BY d.status, d.driver_id LIMIT 1
