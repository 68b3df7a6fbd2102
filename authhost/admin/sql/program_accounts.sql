-- The accounts that have a card of this program.
SELECT DISTINCT account_id FROM card WHERE program_id = $1 ORDER BY account_id
