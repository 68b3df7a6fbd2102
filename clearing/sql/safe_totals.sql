-- Totals of a safe and day: what came in and how it was booked, and what of it and of earlier days went to banks tonight.
-- $1 run id, $2 business date
WITH came AS (
    SELECT j.currency, coalesce(o.terminal_id, j.terminal_id) AS terminal_id, count(*) FILTER (WHERE j.kind = 'deposit')::int AS deposits,
           count(*)::int AS rows, sum(j.posted_minor)::bigint AS deposited_minor,
           coalesce(sum(j.posted_minor) FILTER (WHERE p.family = 'deposit_withheld'), 0)::bigint AS withheld_minor,
           coalesce(sum(j.posted_minor) FILTER (WHERE p.family = 'deposit_uncounted'), 0)::bigint AS uncounted_minor
    FROM placement p
    JOIN clearing_run r USING (run_no)
    JOIN journal j ON j.business_date = $2::date AND j.stream = 'cash' AND j.id = p.journal_id
    LEFT JOIN journal o ON o.stream = 'cash' AND o.business_date = p.original_date AND o.id = p.original_id
    WHERE r.run_id = $1 AND p.stream = 'cash' AND p.journal_date = $2::date AND j.posted_minor <> 0
      AND p.family IN ('deposit', 'deposit_withheld', 'deposit_uncounted')
    GROUP BY 1, 2
),
went AS (
    SELECT i.currency, i.terminal_id,
           coalesce(sum(i.amount_minor) FILTER (WHERE c.purpose = 'deposit_credit' AND c.held = ''), 0)::bigint AS filed_minor,
           coalesce(sum(i.amount_minor) FILTER (WHERE c.purpose = 'instant_credit'), 0)::bigint AS instant_minor,
           coalesce(sum(i.amount_minor) FILTER (WHERE c.held <> ''), 0)::bigint AS held_minor
    FROM clearing_item i JOIN clearing_credit c USING (run_id, end_to_end_id)
    WHERE i.run_id = $1 AND i.terminal_id <> ''
    GROUP BY 1, 2
)
SELECT currency, terminal_id, coalesce(deposits, 0) AS deposits, coalesce(rows, 0) AS rows, coalesce(deposited_minor, 0) AS deposited_minor,
       coalesce(withheld_minor, 0) AS withheld_minor, coalesce(uncounted_minor, 0) AS uncounted_minor,
       coalesce(filed_minor, 0) AS filed_minor, coalesce(instant_minor, 0) AS instant_minor, coalesce(held_minor, 0) AS held_minor
FROM came FULL JOIN went USING (currency, terminal_id)
ORDER BY currency COLLATE "C", terminal_id COLLATE "C"
