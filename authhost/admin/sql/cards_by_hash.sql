-- Cards by the keyed hashes of their numbers.
SELECT pan_hmac, card_id FROM card WHERE pan_hmac = ANY ($1::bytea[])
