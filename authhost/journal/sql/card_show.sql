-- A card as an operator looks at it: never its number.
SELECT c.card_id, c.pan_masked, c.status, c.expiry, c.account_id, a.name AS account, a.status AS account_status,
       v.plate AS vehicle, d.name AS driver, c.products, c.sites, c.limits::text AS limits, f.fence
FROM card c
JOIN account a USING (account_id)
JOIN fence f USING (account_id)
LEFT JOIN vehicle v ON v.vehicle_id = c.vehicle_id
LEFT JOIN driver d ON d.driver_id = c.driver_id
WHERE c.card_id = $1
