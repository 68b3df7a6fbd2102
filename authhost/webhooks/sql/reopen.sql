-- A URL that had ended has answered: it is told again.  $1 merchant, $2 url
UPDATE webhook SET last_said = '410 before' WHERE merchant_id = $1 AND state = 'dead' AND url = $2 AND last_said = '410'
