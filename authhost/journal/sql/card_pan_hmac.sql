-- The keyed hash of a card's number, by the card's id.
SELECT pan_hmac FROM card WHERE card_id = $1
