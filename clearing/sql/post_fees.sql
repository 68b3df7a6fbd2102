-- A statement is one transaction: fees, interest and VAT, off the client's payable or owed.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, s.number, part.line, r.debit, r.credit, s.account_id, s.account_id, part.minor, s.currency
FROM fee_statement s
CROSS JOIN LATERAL (VALUES (1, 'fee_' || s.settle, s.fees_minor), (3, 'fee_' || s.settle || '_interest', s.interest_minor),
                           (5, 'fee_' || s.settle || '_vat', s.vat_minor)) AS part (line, family, minor)
JOIN posting_rule r ON r.family = part.family
WHERE s.run_id = $1 AND part.minor <> 0
