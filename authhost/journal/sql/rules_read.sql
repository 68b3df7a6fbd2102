-- The rules row, unlocked: does the database answer?
SELECT version FROM rules
