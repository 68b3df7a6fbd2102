-- The prices of a list, one array a column.
INSERT INTO base_price (import_id, source, product, price, currency, unit, tax_basis, temperature, valid_from, valid_until, version)
SELECT $1, $2, * FROM unnest($3::text[], $4::numeric[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[],
                             $11::integer[])
