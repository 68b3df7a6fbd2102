-- The limits of many, locked in the order of their ids.
SELECT {key} AS id, limits::text AS limits FROM {table} WHERE {key} = ANY ($1::bigint[]) ORDER BY {key} FOR NO KEY UPDATE
