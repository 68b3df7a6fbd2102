-- A key's public half; true where it was not there. The first of two hosts that make it wins. $1 number, $2 point, $3 signs since
INSERT INTO catalogue_key (number, public_key, signs_since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
