-- Around the credits: what was in suspense becomes payable once a credit has it or somebody has withdrawn it, and what was withdrawn is
-- booked away; what was counted and is in no balance, has left its safe.  $1 run id
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, i.key || CASE WHEN i.source = 'deposit' THEN '' ELSE '/' || i.source END || '#' || rule.what, 1, r.debit, r.credit,
       CASE WHEN rule.what = 'release' THEN j.account_id ELSE i.account_id END, i.account_id, i.amount_minor, i.currency
FROM clearing_item i
LEFT JOIN journal j ON j.stream = 'cash' AND j.business_date = i.journal_date AND j.id = i.journal_id
CROSS JOIN LATERAL (
    SELECT 'release' AS what, 'release_' || split_part(i.family, '_', 2) AS family WHERE i.source <> 'counted'
    UNION ALL SELECT 'withdrawn', 'deposit_withdrawn' WHERE i.source = 'withdrawn'
    UNION ALL SELECT 'counted', 'deposit_verification' WHERE i.source = 'counted') rule
JOIN posting_rule r ON r.family = rule.family
WHERE i.run_id = $1 AND i.settled
