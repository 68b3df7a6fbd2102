-- One cassette goes out, another comes in; '' where none does. $1 safe, $2 the new one, $3 when.
WITH gone AS (
    UPDATE cassette_stay SET state = 'picked_up', closed_at = $3::timestamptz, courier_id = 'CIT', guard = 'G1'
    WHERE terminal_id = $1 AND state = 'in_safe' RETURNING stay_id
)
UPDATE safe SET cassette_id = $2 WHERE terminal_id = $1 RETURNING (SELECT stay_id FROM gone)
