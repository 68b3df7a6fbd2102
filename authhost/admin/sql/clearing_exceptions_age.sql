-- How many wait, and the oldest for how long, by reason.
SELECT reason, count(*)::int AS count, extract(epoch FROM clock_timestamp() - min(opened_at))::bigint AS oldest_s
FROM clearing_exception WHERE state <> 'closed' GROUP BY reason ORDER BY reason
