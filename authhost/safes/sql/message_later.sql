-- Whether a message of these kinds with a greater number is here already. $1 terminal, $2 number, $3 kinds
SELECT EXISTS (SELECT FROM safe_message WHERE terminal_id = $1 AND sequence > $2 AND kind = ANY ($3::text[]))
