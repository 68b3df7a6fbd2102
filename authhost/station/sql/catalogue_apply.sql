-- What is said no more ends with this version, what is new begins with it; the rest stays as it is.
-- $1 version, $2 the sections that were gathered, $3 accounts, null: all. How many, and for which sites (null: all of them)
WITH standing AS MATERIALIZED (
    SELECT entry_id, section, key, account_id, sites, currency, terminal_id, profile, value FROM catalogue_entry
    WHERE until IS NULL AND section = ANY ($2::text[]) AND ($3::bigint[] IS NULL OR account_id = ANY ($3))
),
compared AS MATERIALIZED (
    SELECT s.entry_id, w.section, w.key, w.account_id, coalesce(w.sites, CASE WHEN w.key IS NULL THEN s.sites END) AS sites,
           w.currency, w.terminal_id, w.profile, w.value
    FROM (SELECT *, coalesce(sites::text, '') AS at, coalesce(currency, '') AS money, coalesce(terminal_id, '') AS till,
                 coalesce(profile, '*') AS tongue FROM wanted) w
    FULL JOIN (SELECT *, coalesce(sites::text, '') AS at, coalesce(currency, '') AS money, coalesce(terminal_id, '') AS till,
                      coalesce(profile, '*') AS tongue FROM standing) s
    ON (w.section, w.key, w.at, w.money, w.till, w.tongue, w.value) = (s.section, s.key, s.at, s.money, s.till, s.tongue, s.value)
    WHERE w.key IS NULL OR s.key IS NULL
),
ended AS (
    UPDATE catalogue_entry e SET until = $1 FROM compared c WHERE e.entry_id = c.entry_id RETURNING e.entry_id
),
begun AS (
    INSERT INTO catalogue_entry (section, key, account_id, sites, currency, terminal_id, profile, value, since)
    SELECT section, key, account_id, sites, currency, terminal_id, profile, value, $1 FROM compared WHERE key IS NOT NULL
    ORDER BY section, key RETURNING entry_id
)
SELECT (SELECT count(*) FROM compared) AS changes, coalesce((SELECT bool_or(sites IS NULL) FROM compared), false) AS everywhere,
       ARRAY(SELECT DISTINCT unnest(sites) COLLATE "C" FROM compared ORDER BY 1) AS sites,
       (SELECT count(*) FROM ended) + (SELECT count(*) FROM begun) AS written
