-- The parties that terms name, the account held as it is, and the first day that no stream has closed.
-- $1 account, $2 courier, $3 station
SELECT a.kind, a.status, EXISTS (SELECT FROM courier c WHERE c.courier_id = $2) AS has_courier,
       EXISTS (SELECT FROM merchant m WHERE m.merchant_id = $3) AS has_station,
       EXISTS (SELECT FROM supplier_terms s WHERE s.courier_id = $2 AND s.account_id <> a.account_id) AS is_anothers,
       EXISTS (SELECT FROM supplier_terms s WHERE s.account_id = a.account_id AND s.courier_id IS NULL) AS is_supplier,
       greatest(r.fuel_date, r.cash_date, r.payments_date) AS business_date
FROM account a CROSS JOIN rules r WHERE a.account_id = $1 FOR SHARE OF a
