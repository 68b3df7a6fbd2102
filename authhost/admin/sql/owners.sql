-- Whose these are.
SELECT {table}_id AS id, account_id FROM {table} WHERE {table}_id = ANY ($1::bigint[])
