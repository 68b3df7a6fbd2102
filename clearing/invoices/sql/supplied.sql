-- The days of what could not be invoiced with its day, and waits for a price or has come out of suspense; and of what that gives back.  $1 run id
SELECT DISTINCT d.day
FROM (SELECT w.journal_date, p.original_date
      FROM fuel_line_parked w
      JOIN placement p ON p.stream = 'fuel' AND p.journal_date = w.journal_date AND p.journal_id = w.journal_id
      WHERE w.billed_run IS NULL
      UNION ALL
      SELECT x.journal_date, p.original_date
      FROM suspense_release x
      JOIN placement_fuel p ON p.journal_date = x.journal_date AND p.journal_id = x.journal_id
      WHERE x.run_id = $1 AND x.family = 'suspense_accepted') s
CROSS JOIN LATERAL (VALUES (s.journal_date), (s.original_date)) AS d (day)
WHERE d.day IS NOT NULL
