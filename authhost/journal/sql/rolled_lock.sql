-- Who rolls up an account, one at a time, and from which fence to which; nobody waits for another.
SELECT r.fence AS rolled, f.fence AS present FROM rolled r JOIN fence f USING (account_id)
WHERE r.account_id = $1 FOR UPDATE OF r SKIP LOCKED
