-- Who changed which prices, one row a change.
INSERT INTO audit (who, role, what, subject, change) VALUES ($1, $2, $3, $4, $5::text::json)
