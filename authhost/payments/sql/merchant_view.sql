-- A merchant as payments need it, under the rules version of the same snapshot. One row always.  $1 merchant
SELECT r.version AS rules_version, r.payments_date AS business_date, m.merchant_id, coalesce(nullif(m.display_name, ''), m.name) AS payee, m.status,
       m.account_id, m.capture, m.sandbox, a.currency
FROM rules r LEFT JOIN merchant m ON m.merchant_id = $1 LEFT JOIN account a USING (account_id)
