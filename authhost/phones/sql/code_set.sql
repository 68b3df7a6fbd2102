-- A new enrolment code; the one before it is good for nothing.  $1 phone, $2 its keyed hash, $3 until when
UPDATE payer SET code_hash = $2, code_until = $3, code_tries = 0 WHERE phone = $1
