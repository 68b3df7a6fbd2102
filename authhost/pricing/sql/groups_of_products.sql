-- Products by group.
SELECT name, products FROM product_group
