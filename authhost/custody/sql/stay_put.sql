-- How a stay is. counted_at stays the first count's, settled_at goes with the state.
UPDATE cassette_stay SET state = $2, counted_at = coalesce(counted_at, $3::timestamptz),
    settled_at = CASE WHEN $2 = 'settled' THEN coalesce(settled_at, $3::timestamptz) END
WHERE stay_id = $1
