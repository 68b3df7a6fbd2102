-- The fences of all accounts that have a card of a program ($1), under the table's lock.
UPDATE fence SET fence = fence + 1 WHERE account_id IN (SELECT account_id FROM card WHERE program_id = $1)
