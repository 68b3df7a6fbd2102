-- All that a terminal is told at one version, a section a row, its members in the order of their keys.
-- $1 version, $2 site, $3 currency, $4 terminal, $5 profile
SELECT section, string_agg(to_json(key)::text || ':' || value, ',' ORDER BY key) AS members
FROM catalogue_entry
WHERE section <> 'home' AND since <= $1 AND (until IS NULL OR until > $1)
  AND (sites IS NULL OR $2 = ANY (sites)) AND (currency IS NULL OR currency = $3)
  AND (terminal_id IS NULL OR terminal_id = $4) AND (profile IS NULL OR profile = $5)
GROUP BY section
