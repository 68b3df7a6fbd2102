-- A settlement is one transaction: fees and VAT off the merchant's payable or owed, what is held back, what is released.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, s.number, part.line, r.debit, r.credit, s.account_id, s.account_id, part.minor, s.currency
FROM merchant_settlement s
CROSS JOIN LATERAL (VALUES (1, 'merchant_fee_' || s.fees_by, s.fees_minor), (3, 'merchant_fee_' || s.fees_by || '_vat', s.vat_minor),
                           (5, 'merchant_holdback', s.held_back_minor), (7, 'merchant_release', s.released_minor)
                          ) AS part (line, family, minor)
JOIN posting_rule r ON r.family = part.family
WHERE s.run_id = $1 AND part.minor <> 0
