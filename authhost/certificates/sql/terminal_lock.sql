-- A terminal whose certificates are about to change.
SELECT status FROM terminal WHERE terminal_id = $1 FOR NO KEY UPDATE
