-- What the host has posted of each sale that a terminal made without it.  $1 terminals
SELECT terminal_id, split_part(key, '/', 5) AS sequence, key, amount_minor, flags FROM journal
WHERE terminal_id = ANY ($1::text[]) AND kind = 'offline_sale' AND leg = 0 ORDER BY id
