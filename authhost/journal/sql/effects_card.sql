-- What a card's rows with a smaller fence have moved, row by row: a card has few. The reading of a vehicle's meter is the vehicle's.
SELECT minute, day, week, month, products, money, volume, count,
       CASE WHEN vehicle_id IS NULL THEN odometer END AS odometer, CASE WHEN vehicle_id IS NULL THEN engine_hours END AS engine_hours
FROM journal
WHERE account_id = $1 AND fence < $2 AND card_id = $3 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
UNION ALL
SELECT minute, day, week, month, products, money, volume, count, NULL, NULL
FROM journal
WHERE account_id = $1 AND fence < $2 AND second_card_id = $3 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
