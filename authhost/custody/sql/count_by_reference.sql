-- The count that stands under a reference.
SELECT count_id, stay_id, digest FROM cash_count WHERE counted_by = $1 AND reference = $2
