-- A cassette leaves its safe. $1 stay, $2 when, $3 courier or null, $4 guard, $5 seal
UPDATE cassette_stay SET state = 'picked_up', closed_at = $2, courier_id = $3, guard = $4, seal = $5 WHERE stay_id = $1 AND state = 'in_safe'
