-- The accounts that a run knows.  $1 run id
SELECT party_id, content::text AS content FROM clearing_party WHERE run_id = $1 AND kind = 'account'
