-- What papers add to the books: the VAT of an invoice less what its nights have booked, a supplier's VAT and commission, what a dealer is owed
-- for his fuel, and what is set off.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, d.number, part.line, r.debit, r.credit, d.account_id, d.account_id, part.minor, d.currency
FROM own_document d
CROSS JOIN LATERAL (
    SELECT 1, 'fee_vat_owed', d.vat_minor - d.accrued_vat_minor WHERE d.basis = 'owed'
    UNION ALL SELECT 1, 'fee_vat_rounding', d.vat_minor - d.accrued_vat_minor WHERE d.basis = 'netted'
    UNION ALL SELECT 1, 'supplier_vat', d.vat_minor WHERE d.basis IN ('courier', 'agency')
    UNION ALL SELECT 3, 'supplier_commission', d.net_minor WHERE d.basis = 'agency'
    UNION ALL SELECT 1, 'supplier_billed', d.gross_minor WHERE d.basis = 'purchase'
    UNION ALL SELECT 3, 'station_commission', d.commission_minor WHERE d.basis = 'purchase'
    UNION ALL SELECT 5, 'station_commission_vat', d.commission_vat_minor WHERE d.basis = 'purchase'
    UNION ALL SELECT 7, 'supplier_netted', d.netted_minor) AS part (line, family, minor)
JOIN posting_rule r USING (family)
WHERE d.run_id = $1 AND d.kind <> 'comparison' AND part.minor <> 0
