-- The columns of the type `batch`, as its encoder wants them.
SELECT a.atttypid AS array_oid, t.typelem AS element_oid, e.typname::text AS element
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type e ON e.oid = t.typelem
WHERE a.attrelid = 'batch'::regclass AND a.attnum > 0
ORDER BY a.attnum
