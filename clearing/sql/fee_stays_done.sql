-- $1 run id, $2 stays, $3 events
INSERT INTO fee_stay (run_id, stay_id, event) SELECT $1, * FROM unnest($2::bigint[], $3::text[])
