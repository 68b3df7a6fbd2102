-- Drivers in bulk.
INSERT INTO driver AS d (driver_id, account_id, name, number, status)
SELECT nextval('admin_id'), account_id, name, coalesce(number, ''), coalesce(status, 'active')
FROM jsonb_populate_recordset(NULL::driver, $1::text::jsonb)
RETURNING d.driver_id AS id, jsonb_build_object(
    'account_id', d.account_id, 'name', d.name, 'number', d.number, 'status', d.status)::text AS row
