-- The clients as the run keeps them.  $1 run id
SELECT party_id, content::text AS content FROM clearing_party
WHERE run_id = $1 AND kind = 'account' AND content ->> 'kind' = 'safe_client'
