-- A row of master data, where it lies within the scope.
SELECT to_jsonb(t)::text AS row FROM {table} t WHERE t.{key} = $1 AND {within}
