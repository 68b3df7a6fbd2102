-- Their master data as it is now.  $1 run id, $2 accounts
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', account_id::text, content FROM account_party WHERE account_id = ANY ($2::bigint[])
ON CONFLICT DO NOTHING
