-- A new batch, or nothing where the name is known.
INSERT INTO issue_batch (batch_id, program_id, medium, digest, who) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (batch_id) DO NOTHING
RETURNING batch_id
