-- Versions of posting logics: $1 the account that is asked for, $2 the scope.
SELECT account_id, valid_from, version, terms::text AS terms, who, at FROM booking_logic
WHERE ($1::bigint IS NULL OR account_id = $1) AND ($2::bigint IS NULL OR account_id = $2)
ORDER BY account_id, valid_from DESC, version DESC LIMIT 1000
