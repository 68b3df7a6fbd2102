-- A vehicle by the number or plate that was typed in, under the account's fence.
SELECT v.vehicle_id, v.limits::text AS limits, v.status, v.plate, v.number, v.tank_ml, f.fence,
       CASE WHEN v.tank_ml IS NOT NULL THEN (SELECT array_agg(product) FROM product WHERE fuel) END AS fuels
FROM vehicle v JOIN fence f USING (account_id)
WHERE v.account_id = $1 AND $2 <> '' AND (v.number = $2 OR v.plate = $2)
ORDER BY v.status, v.vehicle_id LIMIT 1
