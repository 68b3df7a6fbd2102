-- The numbers of a safe that came, as ranges: first included, last not. $1 terminal
SELECT lower(r) AS first, upper(r) AS after FROM safe s, unnest(s.sequence_seen) AS r WHERE s.terminal_id = $1 ORDER BY 1
