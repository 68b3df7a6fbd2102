-- What stations have sold on earlier days, with the country and the rate of VAT that each night has kept; where it knew none, the run that has
-- settled it.  $1 stations, $2 their days
SELECT s.merchant_id, s.business_date, s.product, s.currency, s.country, s.vat_basis_points, b.run_id AS settled_by
FROM unnest($1::text[], $2::date[]) AS d (merchant_id, day)
JOIN clearing_run r ON r.business_date = d.day AND r.stream = 'fuel'
JOIN station_sale s ON s.run_id = r.run_id AND s.merchant_id = d.merchant_id AND s.amount_minor > 0
LEFT JOIN LATERAL (
    SELECT o.run_id FROM own_document o
    WHERE o.stream = 'fuel' AND o.account_id = s.account_id AND o.currency = s.currency AND o.basis = s.basis AND o.country = s.country
      AND s.business_date BETWEEN o.period_from AND o.period_to
    ORDER BY o.period_to LIMIT 1) b ON s.vat_basis_points < 0
