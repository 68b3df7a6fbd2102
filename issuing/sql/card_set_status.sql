-- A card's status; the fence of its account is raised in the same transaction.
UPDATE card SET status = $2 WHERE card_id = $1
