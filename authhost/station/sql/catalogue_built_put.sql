-- How far it is built now. $1 version, $2 rules version, $3 month, $4 the newest version is for all: its instant, $5 prices end
UPDATE catalogue_built SET version = $1, rules_version = $2, month = $3, renewed_at = coalesce($4, renewed_at), prices_until = $5
