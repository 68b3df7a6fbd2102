-- A page of rows of master data within the scope, by their keys. $3: a status, '' is any.
SELECT to_jsonb(t)::text AS row FROM {table} t
WHERE ($1::{scope_type} IS NULL OR t.{scope} = $1) AND ($2::{key_type} IS NULL OR t.{key} > $2)
  AND ($3 = '' OR to_jsonb(t)->>'status' = $3)
ORDER BY t.{key} LIMIT $4
