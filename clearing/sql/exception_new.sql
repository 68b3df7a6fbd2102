-- Said once while it is not closed.  $1 stream, $2 reason, $3 kind of subject, $4 subject, $5 run, $6 account, $7 currency,
-- $8 minor units, $9 content, $10 who
WITH made AS (
    INSERT INTO clearing_exception (stream, reason, subject_kind, subject, run_id, account_id, currency, amount_minor, content)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb)
    ON CONFLICT (reason, subject_kind, subject) WHERE state <> 'closed' DO NOTHING
    RETURNING exception_id
),
noted AS (
    INSERT INTO exception_change (exception_id, event, who) SELECT exception_id, 'opened', $10 FROM made
)
SELECT exception_id FROM made
UNION ALL
SELECT exception_id FROM clearing_exception WHERE reason = $2 AND subject_kind = $3 AND subject = $4 AND state <> 'closed'
LIMIT 1
