-- Takes a business date for rolling up; nobody else does at the same time, nor again.
INSERT INTO safe_day_done (business_date) VALUES ($1) ON CONFLICT DO NOTHING RETURNING business_date
