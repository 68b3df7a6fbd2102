-- Writers of prices wait for each other here before they look at what stands; the tables' own triggers take the same lock.
SELECT pg_advisory_xact_lock(8583, 7)
