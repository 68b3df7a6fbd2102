-- What a run has told debtors.  $1 run id
SELECT n.invoice, n.account_id, m.debtor_name AS debtor, n.mandate_id, n.scheme, n.due_on, n.collect_on, n.amount_minor, n.currency
FROM debit_notice n JOIN mandate m USING (mandate_id)
WHERE n.run_id = $1 ORDER BY n.invoice
