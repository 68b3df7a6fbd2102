-- A settlement is one transaction: fees and VAT off the merchant's payable or owed, what is held back, what is released.  $1 run id
INSERT INTO ledger_entry (run_id, transaction, line, code, account_id, amount_minor, currency)
SELECT $1, s.number, part.line + side.line, CASE side.line WHEN 0 THEN r.debit ELSE r.credit END, s.account_id, part.minor * side.sign,
       s.currency
FROM merchant_settlement s
CROSS JOIN LATERAL (VALUES (1::smallint, 'merchant_fee_' || s.fees_by, s.fees_minor),
                           (3::smallint, 'merchant_fee_' || s.fees_by || '_vat', s.vat_minor),
                           (5::smallint, 'merchant_holdback', s.held_back_minor),
                           (7::smallint, 'merchant_release', s.released_minor)) AS part (line, family, minor)
JOIN posting_rule r ON r.family = part.family
CROSS JOIN (VALUES (0::smallint, 1), (1::smallint, -1)) AS side (line, sign)
WHERE s.run_id = $1 AND part.minor <> 0
