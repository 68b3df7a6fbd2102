-- Something has happened at a station. $1 instant, $2 terminal, $3 kind, $4 detail
INSERT INTO station_event (at, site_id, terminal_id, kind, state, detail)
SELECT $1, site_id, terminal_id, $3, 'happened', $4 FROM station_terminal WHERE terminal_id = $2
