-- Keep apart what cannot be posted; the same thing is parked once.
INSERT INTO parked (key, fingerprint, why, content) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
