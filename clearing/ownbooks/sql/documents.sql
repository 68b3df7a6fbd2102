-- The papers of a run.  $1 run id
SELECT number, kind, basis, account_id, currency, count, gross_minor, forms, content FROM own_document WHERE run_id = $1
ORDER BY kind, account_id, currency COLLATE "C", basis
