-- Whether a bank is there.  $1 bank
SELECT bank_id FROM bank WHERE bank_id = $1
