-- A story is over: what it has left is nobody's.  $1 bank
WITH left_over AS (UPDATE deposit SET credit = 'none', bank_id = NULL WHERE bank_id = $1)
UPDATE bank SET endpoint = '' WHERE bank_id = $1
