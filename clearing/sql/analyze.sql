-- After a day's rows have come: the night's joins need to know how many there are.
ANALYZE placement, placement_waiting, clearing_party
