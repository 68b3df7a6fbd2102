-- A section, by key.
SELECT key, value FROM catalogue_entry WHERE section = :section ORDER BY key
