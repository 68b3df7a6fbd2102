-- An account's roll-up begins with nothing.
INSERT INTO rolled (account_id, fence) VALUES ($1, 0) ON CONFLICT DO NOTHING
