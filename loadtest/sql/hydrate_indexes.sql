-- The journal's indexes as migrated, to be made again after its rows: name and definition, those of constraints left alone. The definition of a
-- partitioned index says ONLY, and would be made on no partition.
SELECT i.indexrelid::regclass::text AS name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') AS definition
FROM pg_index i
WHERE i.indrelid = 'journal'::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
