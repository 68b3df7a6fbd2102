-- Does a credit wait for this bank?  $1 bank
SELECT EXISTS (SELECT FROM deposit WHERE bank_id = $1 AND credit = 'queued')
