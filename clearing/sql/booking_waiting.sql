-- Deposits of the clients that a run has files of bookings of which are in suspense, or wait for their count.  $1 run id
SELECT s.number, p.journal_date, j.terminal_id, p.family, p.amount_minor, j.kind, j.detail::text AS detail
FROM booking_statement s
JOIN placement_cash p ON p.credit_account_id = s.account_id AND p.journal_date BETWEEN s.period_from AND s.period_to
                     AND p.currency = s.currency AND p.family IN ('deposit_withheld', 'deposit_uncounted') AND p.place = 'cleared'
JOIN journal j ON j.stream = 'cash' AND j.business_date = p.journal_date AND j.id = p.journal_id
WHERE s.run_id = $1
ORDER BY s.number, p.journal_date, j.terminal_id COLLATE "C", j.key COLLATE "C", j.leg
