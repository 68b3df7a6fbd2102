-- Who changed what, and how it was before.
INSERT INTO audit (who, role, subject, what, change) VALUES ($1, $2, $3, $4, $5)
