-- The business date that is open. Rows are dated so, or later, from here on
SELECT fuel_date FROM rules
