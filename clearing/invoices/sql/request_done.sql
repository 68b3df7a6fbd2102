-- Who has asked has an invoice now, of what there was.  $1 run id
UPDATE invoice_request SET run_id = $1 WHERE run_id IS NULL
