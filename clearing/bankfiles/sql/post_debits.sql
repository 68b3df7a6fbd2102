-- Every collection that goes to the bank leaves the receivable and is in transit.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, d.end_to_end_id, 1, r.debit, r.credit, d.account_id, d.account_id, d.amount_minor, d.currency
FROM clearing_debit d
JOIN posting_rule r ON r.family = 'collection_' || d.kind
WHERE d.run_id = $1 AND d.held = ''
