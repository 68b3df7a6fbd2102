-- What a terminal has told of a shift. $1 terminal, $2 shift
SELECT attempt, digest, state, answer::text AS answer, told::text AS told, day, last_day, from_sequence, to_sequence
FROM station_shift WHERE terminal_id = $1 AND shift = $2 ORDER BY attempt
