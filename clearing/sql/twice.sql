-- A row that is in the journal twice, and would be booked twice.  $1 business date, $2 stream
SELECT key, leg FROM journal WHERE business_date = $1::date AND stream = $2 AND posted_minor <> 0
GROUP BY key, leg HAVING count(*) > 1 ORDER BY key, leg LIMIT 1
