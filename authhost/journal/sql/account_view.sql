-- All that decides about an account alone, and the fence it holds under, in one snapshot.
SELECT a.account_id, a.kind, a.status AS account_status, a.currency, a.time_zone, a.limits::text AS account_limits,
       a.site_limits::text AS site_limits, a.credit_line, a.watch::text AS watch, f.fence, g.groups
FROM account a JOIN fence f USING (account_id)
CROSS JOIN (SELECT json_object_agg(name, json_build_array(group_id, products))::text AS groups FROM product_group) g
WHERE a.account_id = $1
