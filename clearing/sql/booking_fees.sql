-- The charges of the fee statements of a run, by statement.  $1 run id
SELECT s.number, s.account_id, s.currency, l.kind, l.price, l.quantity::text AS quantity, l.shares::text AS shares, l.vat_basis_points,
       s.vat_category
FROM fee_statement s JOIN fee_line l ON l.statement = s.number
WHERE s.run_id = $1
ORDER BY s.number, l.kind, l.price, l.reference
