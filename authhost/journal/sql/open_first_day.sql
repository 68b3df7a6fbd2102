-- The first business day of a new database; one that has a day keeps it.
INSERT INTO rules (business_date) VALUES ($1) ON CONFLICT DO NOTHING
