-- A creating request; nothing is returned where its key was used. A second one at the same moment waits for the first.
INSERT INTO admin_request (access_id, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key
