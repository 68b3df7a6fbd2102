-- The fences of all accounts that have a tank, under the table's lock: which products are fuel is in their views.
UPDATE fence SET fence = fence + 1 WHERE account_id IN (SELECT account_id FROM vehicle WHERE tank_ml IS NOT NULL)
