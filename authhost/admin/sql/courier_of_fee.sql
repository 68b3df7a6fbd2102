-- A courier, held as he is, and the business day that is open. $1 courier
SELECT c.status, r.cash_date AS business_date FROM courier c CROSS JOIN rules r WHERE c.courier_id = $1 FOR SHARE OF c
