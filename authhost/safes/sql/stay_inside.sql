-- The stay of the cassette that is in a safe. $1 terminal
SELECT stay_id, terminal_id, cassette_id, state, opened_at, closed_at FROM cassette_stay WHERE terminal_id = $1 AND state = 'in_safe'
