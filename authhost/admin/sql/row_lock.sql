-- A row of master data that is about to be changed, where it lies within the scope.
SELECT to_jsonb(t)::text AS row FROM {table} t WHERE t.{key} = $1 AND {within} FOR NO KEY UPDATE
