-- Vehicles in bulk.
INSERT INTO vehicle AS v (vehicle_id, account_id, plate, number, tank_ml, status)
SELECT nextval('admin_id'), account_id, plate, coalesce(number, ''), tank_ml, coalesce(status, 'active')
FROM jsonb_populate_recordset(NULL::vehicle, $1::text::jsonb)
RETURNING v.vehicle_id AS id, jsonb_build_object(
    'account_id', v.account_id, 'plate', v.plate, 'number', v.number, 'tank_ml', v.tank_ml, 'status', v.status)::text AS row
