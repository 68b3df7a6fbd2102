-- Table deposit of a day's deposits, as the host's one statement writes it beside the journal: one in five was credited at once.  {day}
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, kind, currency, amount_minor, recorded_at, withheld, credit,
                     bank_id, rail, answered_at)
SELECT j.key, j.business_date, j.id, j.terminal_id, j.account_id, 'cash', j.currency, j.amount_minor, j.recorded_at,
       replace(j.flags, 'withheld:', ''),
       CASE WHEN j.flags <> '' THEN 'withheld' WHEN j.id / 64 % 5 = 0 THEN 'accepted' ELSE 'night' END,
       a.bank_id, CASE WHEN j.flags = '' AND j.id / 64 % 5 = 0 THEN 'instant' ELSE '' END, j.recorded_at
FROM journal j JOIN account a USING (account_id)
WHERE j.business_date = {day}::date AND j.kind = 'deposit'
