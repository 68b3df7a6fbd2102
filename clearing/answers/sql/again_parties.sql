-- $1 run id, $2 accounts
SELECT party_id::bigint AS account_id, content::text AS content FROM clearing_party
WHERE run_id = $1 AND kind = 'account' AND party_id = ANY ($2::text[])
