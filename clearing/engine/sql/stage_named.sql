-- Rows of earlier days that a row of the day names as its original. A claim says where its key's rows are; only rows without one (they
-- were brought in from elsewhere) are looked for day by day. Under the name of what gave back, also what that was of.  {day}, {stream}, {look_back_days}
WITH named AS MATERIALIZED (
    SELECT DISTINCT j.original_key AS key FROM journal j
    WHERE j.business_date = {day} AND j.stream = {stream} AND j.approved AND j.original_key <> ''
      AND j.kind IN ('reversal', 'return', 'completion', 'offline_sale')
      AND NOT EXISTS (SELECT FROM journal o WHERE o.business_date = {day} AND o.stream = {stream} AND o.key = j.original_key
                                              AND o.account_id IS NOT DISTINCT FROM j.account_id)
),
placed AS MATERIALIZED (
    SELECT n.key, c.business_date, c.journal_id FROM named n LEFT JOIN claim c ON c.key = n.key AND c.journal_id > 0
),
found AS (
    SELECT o.* FROM placed p
    -- Each by its number: the planner, who knows nothing of what is named, would go through all days.
    CROSS JOIN LATERAL (SELECT * FROM journal j
                        WHERE j.business_date = p.business_date AND j.id BETWEEN p.journal_id AND p.journal_id + 15 AND j.key = p.key
                        OFFSET 0) o
    UNION ALL
    SELECT o.* FROM placed p JOIN journal o ON o.key = p.key
    WHERE p.business_date IS NULL AND o.business_date >= {day} - {look_back_days}
),
told AS (
    SELECT f.key AS name, f.* FROM found f
    UNION ALL
    SELECT f.key, o.*
    FROM found f
    JOIN placement p ON p.journal_date = f.business_date AND p.journal_id = f.id
    CROSS JOIN LATERAL (SELECT * FROM journal j WHERE j.business_date = p.original_date AND j.id = p.original_id OFFSET 0) o
    WHERE f.kind IN ('reversal', 'return') AND f.approved
)
SELECT o.name AS key, o.account_id, o.business_date AS journal_date, o.id, o.kind, o.flags, o.posted_minor, o.amount_minor, o.currency, o.terminal_id,
       o.approval_code, o.card_id, o.decided_at AS decided_us, coalesce(p.family, '') AS family
FROM told o
LEFT JOIN placement p ON p.journal_date = o.business_date AND p.journal_id = o.id
WHERE o.business_date < {day} AND o.approved
