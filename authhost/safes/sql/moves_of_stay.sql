-- The deposits of a stay.
SELECT key FROM deposit WHERE stay_id = $1 ORDER BY key
