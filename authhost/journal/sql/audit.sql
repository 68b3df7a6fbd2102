INSERT INTO audit (who, what) VALUES ($1, $2)
