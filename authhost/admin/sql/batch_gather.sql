-- The orders of a program that wait become the lines of a batch, in the order in which they came.
WITH waiting AS (
    SELECT order_id FROM card_order WHERE batch_id IS NULL AND program_id = $2 ORDER BY order_id LIMIT $3 FOR UPDATE
),
numbered AS (SELECT order_id, row_number() OVER (ORDER BY order_id) AS line FROM waiting)
UPDATE card_order o SET batch_id = $1, line = n.line FROM numbered n WHERE o.order_id = n.order_id
RETURNING o.order_id
