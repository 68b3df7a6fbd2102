-- A site's or a terminal's rules, those that it had being gone. In the order of the columns
INSERT INTO station_rules (site_id, terminal_id, offline_permitted, floor_minor, currency, ages, receipt, profile)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8)
