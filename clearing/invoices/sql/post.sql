-- Contract prices as they differ from the pump's; each invoice's VAT, or what of it the buyer accounts for, and what rounding leaves.  $1 run id
WITH invoiced AS (
    SELECT i.*, l.amount_minor FROM invoice i
    CROSS JOIN LATERAL (SELECT sum(l.amount_minor)::bigint AS amount_minor FROM invoice_line l WHERE l.number = i.number) l
    WHERE i.run_id = $1 AND l.amount_minor IS NOT NULL
),
booked (run_id, transaction, line, family, account_id, amount_minor, currency) AS (
    SELECT f.run_id, concat_ws('/', 'price', f.account_id, f.currency, nullif(f.country, ''), nullif(f.corrects, '')), 1, 'contract_price', f.account_id,
           f.amount_minor - f.pump_minor, f.currency
    FROM fuel_line f WHERE f.run_id = $1
    UNION ALL
    SELECT i.run_id, i.number, 1, 'invoice_vat', NULL, i.vat_minor, i.currency FROM invoiced i
    UNION ALL
    SELECT i.run_id, i.number, 3, 'invoice_rounding', NULL, i.rounding_minor, i.currency FROM invoiced i
    UNION ALL
    SELECT i.run_id, i.number, 5, CASE WHEN i.reverse_charge THEN 'invoice_reverse_charge' ELSE 'invoice_rounding_owed' END, i.account_id, i.gross_minor - i.amount_minor, i.currency FROM invoiced i
)
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, amount_minor, currency)
SELECT b.run_id, b.transaction, b.line, r.debit, r.credit, b.account_id, b.amount_minor, b.currency
FROM booked b JOIN posting_rule r USING (family)
WHERE b.amount_minor <> 0
