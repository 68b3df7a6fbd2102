-- The count that stands of a stay: the newest.
SELECT cassette_id, reference, counted_at, pieces::text AS pieces, counterfeits::text AS counterfeits
FROM cash_count WHERE stay_id = $1 ORDER BY count_id DESC LIMIT 1
