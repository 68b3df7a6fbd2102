-- Who did what, one row a change.
INSERT INTO audit (who, what) VALUES ($1, $2)
