-- What suppliers' stations sold since each was settled last in that currency and, of their own fuel, country.
-- $1 accounts, $2 first and $3 last days
WITH last AS (
    SELECT account_id, currency, basis, country, max(period_to) AS day FROM own_document
    WHERE account_id = ANY ($1) AND basis IN ('purchase', 'agency') GROUP BY account_id, currency, basis, country
)
SELECT s.account_id, s.currency, s.basis, g.country, s.merchant_id, m.name AS station, s.product, s.unit, g.vat_basis_points,
       sum(s.count)::int AS count, sum(s.quantity) AS quantity, sum(s.amount_minor)::bigint AS amount_minor,
       sum(s.commission_minor)::bigint AS commission_minor, min(s.business_date) AS first_day
FROM unnest($1::bigint[], $2::date[], $3::date[]) AS d (account_id, first_day, last_day)
JOIN station_sale s ON s.account_id = d.account_id AND s.business_date BETWEEN d.first_day AND d.last_day
JOIN merchant m ON m.merchant_id = s.merchant_id
-- An agent's commission is his own service, wherever the fuel was sold.
CROSS JOIN LATERAL (SELECT CASE s.basis WHEN 'purchase' THEN s.country ELSE '' END AS country,
                           CASE s.basis WHEN 'purchase' THEN s.vat_basis_points ELSE 0 END AS vat_basis_points) g
LEFT JOIN last l ON l.account_id = s.account_id AND l.currency = s.currency AND l.basis = s.basis AND l.country = g.country
WHERE l.day IS NULL OR s.business_date > l.day
GROUP BY s.account_id, s.currency, s.basis, g.country, s.merchant_id, m.name, s.product, s.unit, g.vat_basis_points
HAVING sum(s.amount_minor) <> 0 OR sum(s.commission_minor) <> 0
ORDER BY s.account_id, s.currency COLLATE "C", s.basis, g.country COLLATE "C", s.merchant_id, s.product, s.unit, g.vat_basis_points
