-- A batch as issuing reads it: the holder is the driver, else the plate, else the fleet; the address is the fleet's.
SELECT o.account_id AS account, o.expiry, coalesce(d.name, v.plate, a.name) AS holder, a.name AS fleet,
       a.address::text AS address, o.vehicle_id AS vehicle, o.driver_id AS driver, o.limits::text AS limits, o.products, o.sites,
       o.offline_max_minor AS offline_limit
FROM card_order o
JOIN account a USING (account_id)
LEFT JOIN driver d ON d.driver_id = o.driver_id
LEFT JOIN vehicle v ON v.vehicle_id = o.vehicle_id
WHERE o.batch_id = $1 ORDER BY o.line
