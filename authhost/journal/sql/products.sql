-- The products, and what each profile calls them.
SELECT p.product, p.fuel, c.profile, c.code FROM product p LEFT JOIN product_code c USING (product) ORDER BY p.product
