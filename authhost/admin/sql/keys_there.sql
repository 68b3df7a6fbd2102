-- What lines may name: products, groups, sites, programs.
SELECT 'product' AS noun, array(SELECT product FROM product) AS keys
UNION ALL SELECT 'group', array(SELECT name FROM product_group)
UNION ALL SELECT 'site', array(SELECT site_id FROM site)
UNION ALL SELECT 'program', array(SELECT program_id FROM program)
