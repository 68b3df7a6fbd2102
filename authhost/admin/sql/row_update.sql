-- The named columns of a row of master data.
UPDATE {table} AS t SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $2::text::jsonb))
WHERE t.{key} = $1
RETURNING to_jsonb(t)::text AS row
