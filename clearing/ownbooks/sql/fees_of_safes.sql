-- The statements since fees of safes are open, with their lines.  $1 accounts, $2 currencies, $3 whether netted, $4 first and $5 last days
SELECT d.account_id, d.currency, d.is_netted, s.number, s.vat_minor, f.kind, f.price, f.quantity::text AS quantity, f.shares::text AS shares,
       f.vat_basis_points,
       -- What is owed is taxed as its payer is when he is asked.
       CASE WHEN d.is_netted THEN s.vat_category END AS category, CASE WHEN d.is_netted THEN s.vat_id ELSE '' END AS vat_id
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::date[], $5::date[]) AS d (account_id, currency, is_netted, first_day, last_day)
JOIN fee_statement s ON s.account_id = d.account_id AND s.currency = d.currency AND (s.settle = 'net') = d.is_netted
                    AND s.period_to BETWEEN d.first_day AND d.last_day
JOIN fee_line f ON f.statement = s.number
ORDER BY d.account_id, d.currency COLLATE "C", d.is_netted, s.number, f.kind, f.price, f.reference
