-- An alarm begins, once, and is an event. $1 terminal, $2 site, $3 kind, $4 instant, $5 detail
WITH raised AS (
    INSERT INTO station_alarm (terminal_id, kind, since, detail) VALUES ($1, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING kind
)
INSERT INTO station_event (at, site_id, terminal_id, kind, state, detail) SELECT $4, $2, $1, kind, 'raised', $5 FROM raised
