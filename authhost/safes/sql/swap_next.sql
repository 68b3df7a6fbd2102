-- The next swap that was told after this one. $1 terminal, $2 number
SELECT sequence, local_time FROM safe_message WHERE terminal_id = $1 AND kind = 'swap' AND sequence > $2 ORDER BY sequence LIMIT 1
