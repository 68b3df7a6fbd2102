-- A shift ends, or the host says whether it has the same.
UPDATE shift SET
    state = :state,
    closed_at = coalesce(:closed_at, closed_at),
    differences = coalesce(:differences, differences)
WHERE number = :number
