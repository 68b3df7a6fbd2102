-- The first business day of a new database; one that has a day keeps it.
INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1, $1, $1) ON CONFLICT DO NOTHING
