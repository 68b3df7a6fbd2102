-- Whether a payer may pay.  $1 phone, $2 status
UPDATE payer SET status = $2 WHERE phone = $1
