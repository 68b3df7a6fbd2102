-- What the day takes off or adds: adjustments, and reversals of deposits. A reversal belongs to the safe of its original.
-- $1 run id, $2 business date
INSERT INTO due_item (source, key, account_id, terminal_id, currency, amount_minor, deposit_key, family, journal_date, journal_id, placed_run)
SELECT CASE j.kind WHEN 'adjustment' THEN 'adjustment' ELSE 'reversal' END, j.key || '#' || j.leg, j.account_id,
       CASE j.kind WHEN 'adjustment' THEN '' ELSE coalesce(o.terminal_id, j.terminal_id) END, j.currency, j.posted_minor,
       CASE j.kind WHEN 'adjustment' THEN '' ELSE j.original_key END, p.family, j.business_date, j.id, $1
FROM placement p
JOIN journal j ON j.business_date = $2::date AND j.stream = 'cash' AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT terminal_id FROM journal s
                   WHERE s.business_date = p.original_date AND s.id = p.original_id LIMIT 1) o ON true
WHERE p.stream = 'cash' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND p.place = 'cleared' AND j.posted_minor <> 0 AND j.account_id IS NOT NULL
  AND (p.family = 'deposit_adjustment'
       OR (p.family IN ('deposit', 'deposit_withheld', 'deposit_uncounted') AND j.kind = 'reversal'))
