-- All that decides about an account alone, and the fence it holds under, in one snapshot.
SELECT a.account_id, a.kind, a.status AS account_status, a.currency, a.time_zone, a.limits::text AS account_limits, f.fence
FROM account a JOIN fence f USING (account_id)
WHERE a.account_id = $1
