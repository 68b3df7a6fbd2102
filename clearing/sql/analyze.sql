-- After a day's rows have come: the night's joins need to know how many there are. What another stream's night looks at just now it has
-- looked at. Goes on with the stream's own table.
ANALYZE (SKIP_LOCKED) placement_waiting, clearing_party
