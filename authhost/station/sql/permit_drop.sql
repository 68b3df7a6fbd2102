-- A site's or a terminal's rules go; as they were.
DELETE FROM station_rules WHERE site_id = $1 OR terminal_id = $2
RETURNING (to_jsonb(station_rules) - 'rules_id')::text AS rule
