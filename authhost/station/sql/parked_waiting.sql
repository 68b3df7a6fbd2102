-- How many parked rows wait, and since when the first of them. For metrics.
SELECT count(*) AS waiting, min(p.parked_at) AS oldest FROM parked p LEFT JOIN parked_work w ON w.parked_id = p.id
WHERE coalesce(w.state, 'waits') = 'waits'
