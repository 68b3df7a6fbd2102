-- Invoices that are to be collected and whose debtors were not told yet; mandate_id null where nobody has signed one.
-- $1 issued until
SELECT i.number, i.account_id, i.currency, i.gross_minor, i.issued_on, i.due_on, CASE i.kind WHEN 'fee' THEN 'fee' ELSE 'fleet' END AS kind,
       m.mandate_id, m.scheme, m.debtor_name
FROM invoice i
LEFT JOIN mandate m ON m.account_id = i.account_id AND m.status = 'active'
WHERE i.collected_by = 'direct_debit' AND i.gross_minor > 0 AND i.kind IN ('fleet', 'fee', 'corrective') AND i.account_id IS NOT NULL
  AND i.issued_on <= $1 AND NOT EXISTS (SELECT FROM debit_notice n WHERE n.invoice = i.number)
ORDER BY i.number
