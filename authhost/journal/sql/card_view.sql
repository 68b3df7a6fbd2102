-- All that decides about a card, and the fence it holds under, in one snapshot.
SELECT c.card_id, c.account_id, c.expiry, c.status, c.vehicle_id, c.driver_id, c.products, c.sites, c.hours,
       c.limits::text AS card_limits, v.limits::text AS vehicle_limits, d.limits::text AS driver_limits,
       v.plate, d.name AS driver_name,
       c.program_id, c.pin_value, c.psn, p.pin_method, p.pvki, p.decimalization, p.pin_required, p.pin_tries, p.cvv,
       p.scheme, p.chip_required,
       a.kind, a.status AS account_status, a.currency, a.time_zone, a.limits::text AS account_limits, f.fence
FROM card c
JOIN account a USING (account_id)
JOIN fence f USING (account_id)
LEFT JOIN vehicle v ON v.vehicle_id = c.vehicle_id
LEFT JOIN driver d ON d.driver_id = c.driver_id
LEFT JOIN program p ON p.program_id = c.program_id
WHERE c.pan_hmac = $1
