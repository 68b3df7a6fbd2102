-- The cassette is taken out.
UPDATE stay SET closed_at = :at WHERE closed_at IS NULL
