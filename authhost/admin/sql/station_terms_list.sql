-- Versions of stations' terms: $1 the station that is asked for.
SELECT merchant_id, valid_from, version, account_id, terms::text AS terms, who, at FROM station_terms
WHERE ($1::text IS NULL OR merchant_id = $1)
ORDER BY merchant_id, valid_from DESC, version DESC LIMIT 1000
