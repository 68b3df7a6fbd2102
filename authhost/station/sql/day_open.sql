-- The business date that is open. Rows are dated so, or later, from here on
SELECT business_date FROM rules
