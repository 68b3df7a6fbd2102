-- The cases of a run.  $1 run id
SELECT kind, account_id, reference, amount_minor, currency, reason FROM invoice_case WHERE run_id = $1 ORDER BY position
