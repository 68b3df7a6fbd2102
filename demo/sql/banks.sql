-- Banks and couriers: clients and safes name them. A bank takes its files in the usual form.
-- $1 banks  $2 couriers
WITH banks AS (
    INSERT INTO bank SELECT made.* FROM jsonb_array_elements($1::text::jsonb) b, jsonb_populate_record(NULL::bank, '{"files": {}}' || b) made
)
INSERT INTO courier SELECT * FROM jsonb_populate_recordset(NULL::courier, $2::text::jsonb)
