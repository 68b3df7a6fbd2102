-- Versions of suppliers' terms: $1 the account that is asked for, $2 the scope, a courier.
SELECT account_id, valid_from, version, courier_id, terms::text AS terms, who, at FROM supplier_terms
WHERE ($1::bigint IS NULL OR account_id = $1) AND ($2::text IS NULL OR courier_id = $2)
ORDER BY account_id, valid_from DESC, version DESC LIMIT 1000
