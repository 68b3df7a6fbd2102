-- How the catalogue stands: its newest versions. $1 at most
SELECT version, issued_at, sites, changes, rules_version FROM catalogue_version ORDER BY version DESC LIMIT $1
