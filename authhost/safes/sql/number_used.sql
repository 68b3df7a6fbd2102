-- What stands under a number of a safe: the kind of a message, or the key of a claim. $1 terminal, $2 number, $3 keys
SELECT kind AS what FROM safe_message WHERE terminal_id = $1 AND sequence = $2
UNION ALL
SELECT key COLLATE "default" FROM claim WHERE key = ANY ($3::text[])
