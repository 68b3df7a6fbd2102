-- What a terminal is told beyond what it has: keys with their new value, or null where they are to be dropped.
-- $1 version, $2 site, $3 currency, $4 terminal, $5 profile, $6 the version that it has
WITH touched AS (
    SELECT entry_id FROM catalogue_entry WHERE since > $6 AND since <= $1
    UNION
    SELECT entry_id FROM catalogue_entry WHERE until > $6 AND until <= $1
),
said AS (
    SELECT e.section, e.key, max(e.value) FILTER (WHERE e.since <= $6) AS before,
           max(e.value) FILTER (WHERE e.until IS NULL OR e.until > $1) AS after
    FROM touched JOIN catalogue_entry e USING (entry_id)
    WHERE e.section <> 'home' AND (e.sites IS NULL OR $2 = ANY (e.sites)) AND (e.currency IS NULL OR e.currency = $3)
      AND (e.terminal_id IS NULL OR e.terminal_id = $4) AND (e.profile IS NULL OR e.profile = $5)
    GROUP BY e.section, e.key
)
SELECT section, string_agg(to_json(key)::text || ':' || after, ',' ORDER BY key) FILTER (WHERE after IS NOT NULL) AS members,
       string_agg(to_json(key)::text, ',' ORDER BY key) FILTER (WHERE after IS NULL) AS dropped
FROM said WHERE before IS DISTINCT FROM after
GROUP BY section
