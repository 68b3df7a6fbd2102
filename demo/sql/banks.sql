-- Banks and couriers: clients and safes name them.
-- $1 banks  $2 couriers
WITH banks AS (
    INSERT INTO bank SELECT * FROM jsonb_populate_recordset(NULL::bank, $1::text::jsonb)
)
INSERT INTO courier SELECT * FROM jsonb_populate_recordset(NULL::courier, $2::text::jsonb)
