-- Fees of payments since they are open, by kind, rate of VAT, and how the night that took them off has taxed them.
-- $1 accounts, $2 currencies, $3 whether netted, $4 first and $5 last days
SELECT d.account_id, d.currency, d.is_netted, f.kind, v.rate, k.category, k.vat_id, sum(f.count)::bigint AS count, sum(f.base_minor)::bigint AS base_minor,
       sum(f.amount_minor)::bigint AS amount_minor
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::date[], $5::date[]) AS d (account_id, currency, is_netted, first_day, last_day)
JOIN merchant_settlement s ON s.account_id = d.account_id AND s.currency = d.currency AND (s.fees_by = 'net') = d.is_netted
                          AND s.business_date BETWEEN d.first_day AND d.last_day
JOIN merchant_settlement_fee f USING (number)
CROSS JOIN LATERAL (SELECT coalesce((s.plan::jsonb #>> '{fees,vat_basis_points}')::integer, 0) AS rate) v
-- What is owed is taxed as its payer is when he is asked.
CROSS JOIN LATERAL (SELECT CASE WHEN d.is_netted THEN s.vat_category END AS category,
                           CASE WHEN d.is_netted THEN s.vat_id ELSE '' END AS vat_id) k
GROUP BY d.account_id, d.currency, d.is_netted, f.kind, v.rate, k.category, k.vat_id
HAVING sum(f.amount_minor) <> 0
ORDER BY d.account_id, d.currency COLLATE "C", d.is_netted, array_position(ARRAY['phone', 'qr', 'refund'], f.kind), v.rate, k.category, k.vat_id
