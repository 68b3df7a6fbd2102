-- The limits that a field of an account's hash is counted for, with the product groups that they may name.
SELECT CASE $2 WHEN 'a' THEN a.limits WHEN 's' THEN a.site_limits
               WHEN 'b' THEN (SELECT limits FROM subaccount WHERE subaccount_id = $3 AND account_id = $1)
               WHEN 'c' THEN (SELECT limits FROM card WHERE card_id = $3 AND account_id = $1)
               WHEN 'v' THEN (SELECT limits FROM vehicle WHERE vehicle_id = $3 AND account_id = $1)
               WHEN 'd' THEN (SELECT limits FROM driver WHERE driver_id = $3 AND account_id = $1) END::text AS limits,
       a.credit_line, (SELECT json_object_agg(name, json_build_array(group_id, products))::text FROM product_group) AS groups
FROM account a WHERE a.account_id = $1
