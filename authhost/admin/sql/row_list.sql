-- A page of rows of master data within the scope, by their keys. $2: a status, '' is any.
SELECT to_jsonb(t)::text AS row FROM {table} t
WHERE ($1::{key_type} IS NULL OR t.{key} > $1) AND ($2 = '' OR to_jsonb(t)->>'status' = $2) AND {within}
ORDER BY t.{key} LIMIT $3
