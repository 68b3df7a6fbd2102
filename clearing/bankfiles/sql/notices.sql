-- What a run has told debtors: of invoices, and of what is collected again.  $1 run id
SELECT invoice, account_id, debtor_name AS debtor, mandate_id, scheme, due_on, collect_on, amount_minor, currency
FROM debit_notice WHERE run_id = $1
UNION ALL
SELECT d.invoice, d.account_id, d.debtor_name, d.mandate_id, d.scheme, n.due_on, d.collect_on, d.amount_minor, d.currency
FROM clearing_debit d JOIN debit_notice n USING (invoice)
WHERE d.run_id = $1 AND d.before_id <> '' AND d.held = ''
ORDER BY invoice
