-- A row of master data, where it lies within the scope; a scope of NULL is everything.
SELECT to_jsonb(t)::text AS row FROM {table} t
WHERE t.{key} = $1 AND ($2::{scope_type} IS NULL OR t.{scope} = $2)
