-- The import that this very file came with.
SELECT import_id FROM price_import WHERE sha256 = $1 AND source = $2 ORDER BY import_id LIMIT 1
