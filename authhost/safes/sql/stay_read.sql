-- A stay of a cassette. $1 stay
SELECT stay_id, terminal_id, cassette_id, state, opened_at, closed_at FROM cassette_stay WHERE stay_id = $1
