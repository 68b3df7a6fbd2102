-- The public half of an issuer key.
INSERT INTO issuer_key (number, public_key) VALUES ($1, $2)
