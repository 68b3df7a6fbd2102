-- The card that takes this one's place, where there is one that is not closed.
SELECT card_id FROM card WHERE replaces = $1 AND status <> 'closed' LIMIT 1
