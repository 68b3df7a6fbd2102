-- What terminals and prices go by has another version; every batch waits for it.
UPDATE rules SET version = version + 1
