-- The business date that batches are dated with now.
SELECT business_date FROM rules
