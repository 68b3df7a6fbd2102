-- Deposits that wait for a file, of safes with a cut-off of their own.
SELECT d.key, d.business_date, j.decided_at, s.cut_off, s.time_zone
FROM deposit d
JOIN safe s ON s.terminal_id = d.terminal_id AND s.cut_off <> ''
JOIN journal j ON j.stream = 'cash' AND j.business_date = d.business_date AND j.id = d.journal_id
WHERE d.credit = 'night' AND d.run_id IS NULL
