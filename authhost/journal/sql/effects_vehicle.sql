-- What a vehicle's rows with a smaller fence have moved, row by row: a vehicle has few. A meter that was set anew forgets its readings.
SELECT j.minute, j.day, j.week, j.month, j.products, j.money, j.volume, j.count,
       CASE WHEN j.fence >= v.meter_reset_fence THEN j.odometer END AS odometer,
       CASE WHEN j.fence >= v.meter_reset_fence THEN j.engine_hours END AS engine_hours
FROM vehicle v JOIN journal j USING (vehicle_id)
WHERE j.account_id = $1 AND j.fence < $2 AND v.vehicle_id = $3 AND (j.money <> 0 OR j.volume <> 0 OR j.count <> 0 OR j.products <> '')
