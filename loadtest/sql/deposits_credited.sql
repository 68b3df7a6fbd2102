-- What has become of the credits since an instant: how many wait still, have the bank's yes, have anything else; and how long after its
-- row the bank's yes came, in seconds.
SELECT
    count(*) FILTER (WHERE credit IN ('queued', 'sent', 'unknown')) AS waiting,
    count(*) FILTER (WHERE credit IN ('accepted', 'booked')) AS accepted,
    count(*) FILTER (WHERE credit NOT IN ('queued', 'sent', 'unknown', 'accepted', 'booked')) AS other,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - recorded_at))
        FILTER (WHERE credit IN ('accepted', 'booked'))::double precision AS p50_s,
    percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - recorded_at))
        FILTER (WHERE credit IN ('accepted', 'booked'))::double precision AS p99_s
FROM deposit WHERE recorded_at >= $1
