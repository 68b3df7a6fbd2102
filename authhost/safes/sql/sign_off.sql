-- A safe goes. $1 terminal
UPDATE safe SET signed_on_at = NULL, signed_off = true WHERE terminal_id = $1
