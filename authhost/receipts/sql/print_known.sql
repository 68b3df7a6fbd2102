-- A printing that was asked for under this number already.
SELECT number FROM receipt_print WHERE key = $1 AND who = $2 AND request = $3
