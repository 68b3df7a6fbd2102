-- One printing of a receipt at a time, so that there is one original.
SELECT key FROM receipt WHERE key = $1 FOR UPDATE
