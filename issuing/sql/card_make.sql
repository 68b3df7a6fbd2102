-- A card that nobody can pay with yet. Its number is free, or nothing is returned.
INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, status, vehicle_id, driver_id, products, sites,
                  limits, program_id, pin_value)
VALUES (nextval('issued_card_id'), $1, $2, $3, $4, 'not_effective', $5, $6, $7, $8, $9::text::jsonb, $10, $11)
ON CONFLICT (pan_hmac) DO NOTHING
RETURNING card_id
