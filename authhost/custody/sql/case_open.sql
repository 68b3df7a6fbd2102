-- A new case. $8 state, $9 and $10 by whom and why it is closed already, $11 now, $12 until when. Nothing where there is one.
WITH opened AS (
    INSERT INTO cash_case (kind, terminal_id, stay_id, deposit_key, account_id, currency, amount_minor, content, state,
                           proposal, decided_by, why, opened_at, decided_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $13::text::jsonb, $8, CASE WHEN $8 = 'closed' THEN 'dismiss' ELSE '' END, $9, $10,
            $11::timestamptz, CASE WHEN $8 = 'closed' THEN $11::timestamptz END, $12)
    ON CONFLICT DO NOTHING RETURNING case_id
)
INSERT INTO case_change (case_id, event, at, who, why)
SELECT case_id, CASE WHEN $8 = 'closed' THEN 'tolerated' ELSE 'opened' END, $11, CASE WHEN $9 = '' THEN 'host' ELSE $9 END, $10 FROM opened
RETURNING case_id
