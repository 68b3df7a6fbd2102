-- Where a terminal belongs by the newest version that concerns it. $1 terminal
SELECT v.version, v.issued_at, h.value AS home, h.since AS home_since, b.horizon
FROM catalogue_built b
JOIN catalogue_entry h ON h.section = 'home' AND h.terminal_id = $1 AND h.until IS NULL
JOIN LATERAL (
    SELECT version, issued_at FROM catalogue_version
    WHERE sites IS NULL OR (h.value::jsonb ->> 'site_id') = ANY (sites) ORDER BY version DESC LIMIT 1) v ON true
