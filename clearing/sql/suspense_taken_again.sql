-- A capture in suspense that a return had given back whole, and of which the run's day takes something again: it waits for a person once more,
-- as it did before, or would have where it was given back on its own day.  $1 business date
WITH touched AS (
    SELECT DISTINCT original_date, original_id FROM placement_fuel
    WHERE journal_date = $1::date AND family = 'fuel_unidentified' AND original_id IS NOT NULL AND amount_minor > 0
),
made AS (
    INSERT INTO clearing_exception (stream, reason, subject_kind, subject, run_id, journal_id, account_id, currency, amount_minor, content)
    SELECT p.stream, CASE WHEN a.kind IS DISTINCT FROM 'fleet' THEN 'not_a_fleet' ELSE p.match END, 'suspense', j.key, r.run_id, j.id, j.account_id,
           j.currency, j.posted_minor,
           jsonb_build_object('terminal', j.terminal_id, 'approval_code', j.approval_code, 'original', j.original_key, 'flags', j.flags,
                              'match', p.match)
    FROM touched t
    JOIN placement_fuel p ON p.journal_date = t.original_date AND p.journal_id = t.original_id AND p.family = 'fuel_unidentified'
    JOIN clearing_run r ON r.run_no = p.run_no
    JOIN journal j ON j.business_date = t.original_date AND j.stream = 'fuel' AND j.id = t.original_id
    LEFT JOIN account a ON a.account_id = j.account_id
    WHERE NOT EXISTS (SELECT FROM suspense_release s WHERE s.journal_date = t.original_date AND s.journal_id = t.original_id)
      AND NOT EXISTS (SELECT FROM clearing_exception e WHERE e.subject_kind = 'suspense' AND e.subject = j.key AND e.state <> 'closed')
      AND p.amount_minor + (SELECT sum(b.amount_minor) FROM placement_fuel b WHERE b.original_date = t.original_date
                            AND b.original_id = t.original_id AND b.family = 'fuel_unidentified') <> 0
    ORDER BY j.key, j.leg
    ON CONFLICT (reason, subject_kind, subject) WHERE state <> 'closed' DO NOTHING
    RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who) SELECT exception_id, 'opened', 'clearing' FROM made ORDER BY exception_id
