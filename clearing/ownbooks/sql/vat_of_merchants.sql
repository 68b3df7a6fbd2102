-- The VAT that the nights have booked for them.  $1 accounts, $2 currencies, $3 whether netted, $4 first and $5 last days
SELECT d.account_id, d.currency, d.is_netted, sum(s.vat_minor)::bigint AS vat_minor
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::date[], $5::date[]) AS d (account_id, currency, is_netted, first_day, last_day)
JOIN merchant_settlement s ON s.account_id = d.account_id AND s.currency = d.currency AND (s.fees_by = 'net') = d.is_netted
                          AND s.business_date BETWEEN d.first_day AND d.last_day
GROUP BY d.account_id, d.currency, d.is_netted
