-- All that decides about a card, and the fence it holds under, in one snapshot.
SELECT c.card_id, c.account_id, c.pan_hmac, c.expiry, c.status, c.subaccount_id, c.vehicle_id, c.driver_id,
       c.products, c.sites, c.hours, c.limits::text AS card_limits, c.prompts::text AS card_prompts,
       b.limits::text AS subaccount_limits, b.status AS subaccount_status,
       v.limits::text AS vehicle_limits, v.status AS vehicle_status, v.plate, v.number AS vehicle_number, v.tank_ml,
       d.limits::text AS driver_limits, d.status AS driver_status, d.name AS driver_name, d.number AS driver_number,
       c.program_id, c.pin_value, c.psn, p.pin_method, p.pvki, p.decimalization, p.pin_required, p.pin_tries, p.cvv,
       p.scheme, p.chip_required, p.hold_minor, p.hold_ml, p.hold_minutes,
       a.kind, a.status AS account_status, a.currency, a.time_zone, a.limits::text AS account_limits,
       a.products AS account_products, a.sites AS account_sites, a.hours AS account_hours, a.site_limits::text AS site_limits,
       a.credit_line, a.prompts::text AS account_prompts, a.watch::text AS watch, a.key_entry,
       f.fence, g.groups,
       CASE WHEN v.tank_ml IS NOT NULL THEN (SELECT array_agg(product) FROM product WHERE fuel) END AS fuels
FROM card c
JOIN account a USING (account_id)
JOIN fence f USING (account_id)
LEFT JOIN subaccount b ON b.subaccount_id = c.subaccount_id
LEFT JOIN vehicle v ON v.vehicle_id = c.vehicle_id
LEFT JOIN driver d ON d.driver_id = c.driver_id
LEFT JOIN program p ON p.program_id = c.program_id
CROSS JOIN (SELECT json_object_agg(name, json_build_array(group_id, products))::text AS groups FROM product_group) g
WHERE c.pan_hmac = $1
