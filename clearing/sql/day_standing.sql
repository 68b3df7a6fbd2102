-- How far a day of a stream is: the state of its run, or that it is closed and has none; no row where it was never closed.
-- $1 the stream, $2 the day
SELECT coalesce(r.status, 'closed') AS standing
FROM closed_day d LEFT JOIN clearing_run r ON r.business_date = d.business_date AND r.stream = d.stream AND r.sequence = 1
WHERE d.stream = $1 AND d.business_date = $2
