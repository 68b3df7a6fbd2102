-- The first document of a deposit: whoever makes it first, it is the same one for all.
INSERT INTO receipt (key, digest, parties, seal) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
