-- After a day's rows have come: the night's joins need to know how many there are.
ANALYZE clearing_place, clearing_party
