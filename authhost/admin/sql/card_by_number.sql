-- A card by its number's keyed hash, within the scope.
SELECT card_id FROM card WHERE pan_hmac = $1 AND ($2::bigint IS NULL OR account_id = $2)
