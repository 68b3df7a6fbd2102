-- The charges of a statement.  $1 number
SELECT kind, price, quantity::text AS quantity, shares::text AS shares, vat_basis_points FROM fee_line WHERE statement = $1
ORDER BY kind, price, reference
