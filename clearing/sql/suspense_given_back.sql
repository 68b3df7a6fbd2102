-- Captures in suspense of which the run's day has given back what was left: nobody has to decide anything.  $1 business date
WITH touched AS (
    SELECT DISTINCT original_date, original_id FROM placement_fuel
    WHERE journal_date = $1::date AND family = 'fuel_unidentified' AND original_id IS NOT NULL
)
SELECT e.reason, e.subject
FROM touched t
JOIN placement_fuel p ON p.journal_date = t.original_date AND p.journal_id = t.original_id
JOIN clearing_exception e ON e.subject_kind = 'suspense' AND e.journal_id = t.original_id AND e.state IN ('open', 'assigned', 'proposed')
JOIN clearing_run r ON r.run_id = e.run_id AND r.business_date = t.original_date
WHERE p.amount_minor + (SELECT sum(b.amount_minor) FROM placement_fuel b WHERE b.original_date = t.original_date
                        AND b.original_id = t.original_id AND b.family = 'fuel_unidentified') = 0
ORDER BY e.reason, e.subject
