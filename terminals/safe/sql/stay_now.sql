-- The cassette that is inside.
SELECT id, cassette FROM stay WHERE closed_at IS NULL
