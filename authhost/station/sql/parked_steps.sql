-- What was done about a parked row, in order. $1 id
SELECT at, who, what, why FROM parked_step WHERE parked_id = $1 ORDER BY step_id
