-- A safe is there. $1 terminal, $2 software, $3 model, $4 when
UPDATE safe SET software = $2, model = coalesce(nullif($3, ''), model), signed_on_at = $4, signed_off = false WHERE terminal_id = $1
