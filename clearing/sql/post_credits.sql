-- Every credit that goes to the bank leaves the payable and is in transit.  $1 run id
INSERT INTO ledger_entry (run_id, transaction, line, code, account_id, amount_minor, currency)
SELECT $1, c.end_to_end_id, side.line, CASE side.line WHEN 1 THEN r.debit ELSE r.credit END,
       c.account_id, c.amount_minor * side.sign, c.currency
FROM clearing_credit c
JOIN posting_rule r ON r.family = c.purpose
CROSS JOIN (VALUES (1::smallint, 1), (2::smallint, -1)) AS side (line, sign)
WHERE c.run_id = $1 AND c.held = ''
