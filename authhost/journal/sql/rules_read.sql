-- The rules row, unlocked: does the database answer?
SELECT version, business_date FROM rules
