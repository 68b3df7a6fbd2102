-- For the status: what waits, since when, and what is parked.
SELECT
    count(*) FILTER (WHERE state = 'stored') AS unsent,
    min(local_time) FILTER (WHERE state = 'stored') AS oldest_unsent_at,
    count(*) FILTER (WHERE state = 'parked') AS parked
FROM message WHERE state IN ('stored', 'parked')
