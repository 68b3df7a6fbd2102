-- The named columns of many rows that are locked.
UPDATE {table} AS t SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(t, w.row))
FROM (SELECT one AS row, (one->>'{key}')::bigint AS id FROM jsonb_array_elements($1::text::jsonb) AS one) AS w
WHERE t.{key} = w.id
