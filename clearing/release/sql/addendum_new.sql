-- $1 run id, $2 part, $3 SHA-256 of its manifest
INSERT INTO run_addendum (run_id, part, status, manifest_digest) VALUES ($1, $2, 'verified', $3)
