-- A version stands from here on. $1 version, $2 instant, $3 sites or null, $4 changes, $5 rules version
INSERT INTO catalogue_version (version, issued_at, sites, changes, rules_version) VALUES ($1, $2, $3, $4, $5)
