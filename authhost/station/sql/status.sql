-- Terminals with what they told last, their catalogue's age, and the alarms that stand. $1 site or null, $2 terminal or null
SELECT t.terminal_id, t.site_id, t.offline_permitted, h.received_at, h.at, h.software, h.link_age_s, h.unsent, h.oldest_unsent_at,
       h.shift, h.shift_state, h.last_sequence, h.catalogue_version, h.catalogue_refused, v.issued_at AS catalogue_issued_at,
       coalesce((SELECT max(n.version) FROM catalogue_version n WHERE n.sites IS NULL), 0) AS newest_for_all,
       coalesce((SELECT max(n.version) FROM catalogue_version n WHERE t.site_id = ANY (n.sites)), 0) AS newest_for_site,
       ARRAY(SELECT a.kind FROM station_alarm a WHERE a.terminal_id = t.terminal_id ORDER BY a.kind) AS alarms
FROM station_terminal t
LEFT JOIN station_latest h USING (terminal_id)
LEFT JOIN catalogue_version v ON v.version = h.catalogue_version
WHERE ($1::text IS NULL OR t.site_id = $1) AND ($2::text IS NULL OR t.terminal_id = $2)
ORDER BY t.site_id, t.terminal_id
