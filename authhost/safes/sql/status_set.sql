-- How a safe says it is. $1 terminal, $2 fill, $3 software
UPDATE safe SET fill = $2::text::jsonb, software = coalesce(nullif($3, ''), software) WHERE terminal_id = $1
