-- What a driver's rows with a smaller fence have moved, row by row: a driver has few.
SELECT minute, day, week, month, products, money, volume, count
FROM journal
WHERE account_id = $1 AND fence < $2 AND driver_id = $3 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
