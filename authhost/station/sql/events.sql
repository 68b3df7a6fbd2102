-- Events after one, in their order. $1 after, $2 site or null, $3 at most
SELECT event_id, at, site_id, terminal_id, kind, state, detail::text AS detail FROM station_event
WHERE event_id > $1 AND ($2::text IS NULL OR site_id = $2) ORDER BY event_id LIMIT $3
