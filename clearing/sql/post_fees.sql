-- A statement is one transaction: fees, interest and VAT, off the client's payable or owed.  $1 run id
INSERT INTO ledger_entry (run_id, transaction, line, code, account_id, amount_minor, currency)
SELECT $1, s.number, part.line + side.line, CASE side.line WHEN 0 THEN r.debit ELSE r.credit END, s.account_id, part.minor * side.sign,
       s.currency
FROM fee_statement s
CROSS JOIN LATERAL (VALUES (1::smallint, 'fee_' || s.settle, s.fees_minor), (3::smallint, 'fee_' || s.settle || '_interest', s.interest_minor),
                           (5::smallint, 'fee_' || s.settle || '_vat', s.vat_minor)) AS part (line, family, minor)
JOIN posting_rule r ON r.family = part.family
CROSS JOIN (VALUES (0::smallint, 1), (1::smallint, -1)) AS side (line, sign)
WHERE s.run_id = $1 AND part.minor <> 0
