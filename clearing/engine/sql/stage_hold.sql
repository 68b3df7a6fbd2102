-- The holds that are open when the day begins, and those that it brings.  {day}, {stream}
WITH base AS (
    SELECT max(business_date) AS day FROM clearing_run WHERE business_date < {day} AND stream IN ({stream}, 'night')
),
hold AS (
    SELECT j.* FROM base
    JOIN clearing_run r ON r.business_date = base.day AND r.stream IN ({stream}, 'night')
    CROSS JOIN LATERAL (SELECT p.journal_date, p.journal_id FROM placement p
                        WHERE p.stream = {stream} AND p.journal_date = base.day AND p.run_no = r.run_no AND p.place = 'open'
                        UNION ALL SELECT w.journal_date, w.journal_id FROM placement_waiting w WHERE w.run_no = r.run_no) p
    JOIN journal j ON j.stream = {stream} AND j.business_date = p.journal_date AND j.id = p.journal_id
    UNION ALL
    SELECT j.* FROM journal j
    WHERE j.business_date > coalesce((SELECT day FROM base), '-infinity') AND j.business_date <= {day} AND j.stream = {stream}
      AND j.kind IN ('preauthorization', 'increment', 'deposit_authorization') AND j.approved
)
SELECT j.business_date AS journal_date, j.business_date = {day} AS is_of_day, j.id, j.key, j.original_key, j.account_id, j.kind, j.amount_minor, j.currency, j.terminal_id,
       j.approval_code, j.card_id, j.decided_at AS decided_us
FROM hold j
WHERE j.stream = {stream}
