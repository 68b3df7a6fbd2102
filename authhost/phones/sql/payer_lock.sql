-- A payer whose phone is about to change: one change at a time.  $1 phone
SELECT phone, account_id, name, status, code_hash, code_until, code_tries, push::text AS push, refuses FROM payer WHERE phone = $1 FOR NO KEY UPDATE
