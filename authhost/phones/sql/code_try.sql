-- A wrong code was typed.  $1 phone
UPDATE payer SET code_tries = code_tries + 1 WHERE phone = $1
