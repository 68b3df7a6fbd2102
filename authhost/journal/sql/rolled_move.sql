-- The roll-up holds all rows below this fence.
UPDATE rolled SET fence = $2 WHERE account_id = $1
