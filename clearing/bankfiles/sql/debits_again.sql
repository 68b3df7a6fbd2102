-- What came back and is collected again by this run, or covered by credit notes, waits no more.  $1 run id
UPDATE clearing_again a SET run_id = $1, end_to_end_id = d.end_to_end_id
FROM clearing_debit d
WHERE d.run_id = $1 AND d.before_id = a.before_id AND d.before_id <> '' AND d.held IN ('', 'netted')
