-- Payments of suppliers leave the payable and are in transit.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, c.end_to_end_id, 1, r.debit, r.credit, c.account_id, c.account_id, c.amount_minor, c.currency
FROM clearing_credit c JOIN posting_rule r ON r.family = c.purpose
WHERE c.run_id = $1 AND c.purpose = 'supplier_payment' AND c.held = ''
  -- What came back and is paid again is booked already.
  AND NOT EXISTS (SELECT FROM clearing_again a WHERE a.end_to_end_id = c.end_to_end_id)
