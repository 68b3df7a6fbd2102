-- Cards in bulk. A number that is taken meanwhile is left out, and the caller sees it by the count.
INSERT INTO card AS c (card_id, account_id, pan_hmac, pan_masked, expiry, status, program_id, subaccount_id, vehicle_id, driver_id,
                       products, sites, limits, offline_max_minor)
SELECT nextval('admin_id'), account_id, pan_hmac, pan_masked, expiry, status, program_id, subaccount_id, vehicle_id, driver_id,
       products, sites, limits, offline_max_minor
FROM jsonb_populate_recordset(NULL::card, $1::text::jsonb)
ON CONFLICT (pan_hmac) DO NOTHING
RETURNING c.card_id AS id, jsonb_build_object(
    'account_id', c.account_id, 'expiry', c.expiry, 'status', c.status, 'program_id', c.program_id,
    'vehicle_id', c.vehicle_id, 'driver_id', c.driver_id, 'products', c.products, 'limits', c.limits)::text AS row
