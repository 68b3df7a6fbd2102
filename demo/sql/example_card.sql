-- A card of the example gets a program with stripe and PIN.  $1 program  $2 keyed hash of the number  $3 PVV
WITH made AS (
    INSERT INTO program (program_id, pin_method, pin_required, cvv) VALUES ($1::text, 'pvv', true, true) RETURNING program_id
)
UPDATE card SET program_id = made.program_id, pin_value = $3 FROM made WHERE pan_hmac = $2
