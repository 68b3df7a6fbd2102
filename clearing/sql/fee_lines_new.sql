-- Charges of the night, a column an array. $1 run id, $2 kinds, $3 references, $4 accounts, $5 currencies, $6 prices, $7 quantities,
-- $8 shares, $9 VAT in basis points, $10 valid from, $11 versions
INSERT INTO fee_line (run_id, kind, reference, account_id, currency, price, quantity, shares, vat_basis_points, valid_from, version)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::integer[],
                         $10::date[], $11::integer[])
ON CONFLICT DO NOTHING
