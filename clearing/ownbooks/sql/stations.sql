-- Dealers' stations with the terms that hold on a day.  $1 business date
SELECT DISTINCT ON (s.merchant_id) s.merchant_id, s.account_id, s.valid_from, s.version, s.terms::text AS terms
FROM station_terms s WHERE s.valid_from <= $1::date
ORDER BY s.merchant_id, s.valid_from DESC, s.version DESC
