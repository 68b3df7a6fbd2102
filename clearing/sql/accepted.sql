-- Credits that a bank has accepted and no night has booked, of days that are booked.
SELECT d.key, d.business_date, d.journal_id, d.account_id, d.terminal_id, d.currency, d.amount_minor, coalesce(d.bank_id, '') AS bank_id,
       p.family
FROM deposit d
JOIN placement p ON p.stream = 'cash' AND p.journal_date = d.business_date AND p.journal_id = d.journal_id
WHERE d.credit = 'accepted' AND d.run_id IS NULL
ORDER BY d.key
