-- The master data of merchants that are settled tonight for other days' rows.  $1 run id, $2 merchants, $3 accounts
INSERT INTO clearing_party (run_id, kind, party_id, content)
SELECT $1, 'account', a.account_id::text, a.content FROM account_party a WHERE a.account_id = ANY ($3::bigint[])
UNION ALL
SELECT $1, 'merchant', merchant_id, jsonb_build_object('name', name, 'account_id', account_id) FROM merchant
WHERE merchant_id = ANY ($2::text[])
ON CONFLICT DO NOTHING
