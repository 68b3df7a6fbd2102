-- A row of master data from the columns that were given; the others have their defaults.
INSERT INTO {table} AS t ({columns})
SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1::text::jsonb)
RETURNING to_jsonb(t)::text AS row
