-- The shift that is open at a safe; '' none is. $1 terminal, $2 shift, $3 who opened it
UPDATE safe SET shift = $2, shift_by = $3 WHERE terminal_id = $1
