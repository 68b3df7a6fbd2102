-- What merchants that a run settles with have held back and not got yet, by the day it was held back on.  $1 run id, $2 business date
SELECT t.number, s.business_date, s.release_on, s.held_back_minor
FROM merchant_settlement t
JOIN merchant_settlement s ON (s.merchant_id, s.currency) = (t.merchant_id, t.currency) AND s.account_id IS NOT DISTINCT FROM t.account_id
WHERE t.run_id = $1 AND s.held_back_minor <> 0 AND s.business_date <= $2::date AND s.release_on > $2::date
ORDER BY t.number, s.release_on, s.business_date
