-- The stay that a count is of, by the cassette ($1) and when it was counted ($2).
SELECT stay_id, courier_id FROM cassette_stay WHERE stay_id = stay_of_count($1, $2)
