-- The number of a new product group: the smallest that is free.
SELECT min(number) FROM generate_series(1, 1023) AS number
WHERE NOT EXISTS (SELECT FROM product_group g WHERE g.group_id = number)
