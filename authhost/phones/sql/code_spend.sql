-- The code was used. Its hash stays, without an end, so that whoever lost the answer is known by it.  $1 phone
UPDATE payer SET code_until = NULL, code_tries = 0 WHERE phone = $1
