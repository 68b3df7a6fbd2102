-- The banks as the run keeps them.  $1 run id
SELECT party_id, content::text AS content FROM clearing_party WHERE run_id = $1 AND kind = 'bank' ORDER BY party_id
