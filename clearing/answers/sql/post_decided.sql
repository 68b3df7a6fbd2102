-- What a decision books, once: an order's amount by a rule of its family.  $1 run id, $2 order, $3 what follows its family in the rule's name,
-- $4 sign, $5 what the transaction is called
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, o.end_to_end_id || '/' || $5, 1, r.debit, r.credit, o.account_id, o.account_id, o.amount_minor * $4, o.currency
FROM sent_order o JOIN posting_rule r ON r.family = o.family || $3
WHERE o.end_to_end_id = $2
