-- Products by profile, the rules of each terminal, and where it belongs ('home' is not sent: when it changes, all changes).
INSERT INTO wanted (section, key, sites, terminal_id, profile, value)
SELECT 'products', p.product, NULL, NULL, u.profile,
       jsonb_build_object(
           'name', p.name, 'unit', p.unit, 'fuel', p.fuel,
           'groups', coalesce((SELECT jsonb_agg(g.name ORDER BY g.name) FROM product_group g WHERE p.product = ANY (g.products)), '[]'),
           'code', coalesce((SELECT min(c.code) FROM product_code c WHERE c.profile = u.profile AND c.product = p.product),
                            p.product))::text
FROM product p CROSS JOIN (SELECT DISTINCT profile FROM station_terminal) u
UNION ALL
SELECT 'rules', r.key, ARRAY[t.site_id], t.terminal_id, NULL, r.value::text
FROM station_terminal t CROSS JOIN LATERAL (VALUES
    ('offline', jsonb_build_object('permitted', t.offline_permitted)),
    ('floor', jsonb_build_object('currency', t.currency, 'limit', t.floor_minor, 'ages', t.ages)),
    ('receipt', jsonb_build_object('lines', to_jsonb(t.receipt)))) r (key, value)
UNION ALL
SELECT 'home', 'home', ARRAY[t.site_id], t.terminal_id, NULL,
       jsonb_build_object('site_id', t.site_id, 'currency', t.currency, 'profile', t.profile, 'hours', t.ages -> -1 -> 0)::text
FROM station_terminal t
