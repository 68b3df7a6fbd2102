-- Every schedule of fees; who has none is charged nothing.
SELECT account_id, valid_from, version, terms::text AS terms FROM safe_fee ORDER BY account_id, valid_from, version
