-- What has an invoice waits no more.  $1 run id
DELETE FROM fuel_line_open o USING invoice_line l JOIN invoice i USING (number)
WHERE i.run_id = $1 AND (l.account_id, l.currency, l.country, l.corrects, l.run_id) = (o.account_id, o.currency, o.country, o.corrects, o.run_id)
