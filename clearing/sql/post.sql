-- One balanced transaction for every placed row that moved money. A same-day reversal is booked as well as its original:
-- the books show what happened, and the two come to nothing. A verification books the exposure that it ends: what was cash in a safe is
-- cash that was counted.  $1 run id, $2 business date
INSERT INTO ledger_entry (run_id, transaction, line, code, account_id, amount_minor, currency, journal_date, journal_id)
SELECT $1, j.key || '#' || j.leg, side.line,
       CASE side.line WHEN 1 THEN r.debit ELSE r.credit END,
       CASE WHEN side.line = 2 AND p.family IN ('fuel', 'fuel_unidentified')
            THEN (m.content ->> 'account_id')::bigint ELSE j.account_id END,
       booked.minor * side.sign, j.currency, j.business_date, j.id
FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
JOIN posting_rule r ON r.family = p.family
LEFT JOIN clearing_party m ON m.run_id = $1 AND m.kind = 'merchant' AND m.party_id = j.merchant_id
CROSS JOIN LATERAL (SELECT CASE j.kind WHEN 'verification' THEN -j.money ELSE j.posted_minor END AS minor) booked
CROSS JOIN (VALUES (1::smallint, 1), (2::smallint, -1)) AS side (line, sign)
WHERE p.run_id = $1 AND p.journal_date = $2::date AND booked.minor <> 0
