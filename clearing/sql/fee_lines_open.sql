-- Charges that no statement has, of clients whose billing period ends.  $1 run id
SELECT f.account_id, f.currency, f.kind, f.price, f.quantity::text AS quantity, f.shares::text AS shares, f.vat_basis_points,
       a.content::text AS party
FROM fee_line f
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = f.account_id::text
WHERE f.statement IS NULL
ORDER BY f.account_id, f.currency, f.kind, f.price, f.reference
