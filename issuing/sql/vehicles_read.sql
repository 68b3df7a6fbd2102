-- The vehicles of a batch.
SELECT vehicle_id AS id, account_id, plate AS name FROM vehicle WHERE vehicle_id = ANY($1::bigint[])
