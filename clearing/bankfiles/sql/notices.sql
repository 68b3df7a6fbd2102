-- What a run has told debtors.  $1 run id
SELECT invoice, account_id, debtor_name AS debtor, mandate_id, scheme, due_on, collect_on, amount_minor, currency
FROM debit_notice WHERE run_id = $1 ORDER BY invoice
