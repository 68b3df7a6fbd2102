-- What stands under a number. $1 terminal, $2 number
SELECT kind, fingerprint, answer FROM safe_message WHERE terminal_id = $1 AND sequence = $2
