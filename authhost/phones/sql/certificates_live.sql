-- How many certificates of a payer are in force, or will be.  $1 phone, $2 now
SELECT count(*) FROM payer_certificate WHERE phone = $1 AND not_after > $2 AND revoked_at IS NULL
