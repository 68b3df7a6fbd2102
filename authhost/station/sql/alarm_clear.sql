-- An alarm ends, once, and is an event. $1 terminal, $2 site, $3 kind, $4 instant
WITH cleared AS (DELETE FROM station_alarm WHERE terminal_id = $1 AND kind = $3 RETURNING kind, since)
INSERT INTO station_event (at, site_id, terminal_id, kind, state, detail)
SELECT $4, $2, $1, kind, 'cleared', json_build_object('since', since) FROM cleared
