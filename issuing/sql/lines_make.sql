-- The lines of a batch; those that are there stay as they are.
INSERT INTO issue_line (batch_id, line) SELECT $1, unnest($2::integer[])
ON CONFLICT (batch_id, line) DO NOTHING
