-- How the cards of a program are proved.
SELECT pin_method, pvki, decimalization, pin_tries, cvv, chip_required, scheme FROM program WHERE program_id = $1
