-- A profile's code that stands for nothing any more.
DELETE FROM product_code WHERE profile = $1 AND code = $2 RETURNING product
