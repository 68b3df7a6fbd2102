-- Deposits whose credit goes on, with a row for each change. $1 keys, $2 event, $3 credits before, $4 credits after,
-- $5 who, $6 why, $7 further columns by name, $8 when. A try is counted by the event that makes it.
WITH locked AS MATERIALIZED (
    SELECT key, state, credit FROM deposit
    WHERE key = ANY ($1::text[]) AND credit = ANY ($3::text[])
    ORDER BY key FOR UPDATE
),
moved AS (
    UPDATE deposit d SET
        credit = t.after,
        tries = d.tries + CASE WHEN $2 IN ('send', 'resend') THEN 1 ELSE 0 END,
        account_id = CASE WHEN $7::jsonb ? 'account_id' THEN ($7::jsonb ->> 'account_id')::bigint ELSE d.account_id END,
        bank_id = CASE WHEN $7::jsonb ? 'bank_id' THEN $7::jsonb ->> 'bank_id' ELSE d.bank_id END,
        rail = coalesce($7::jsonb ->> 'rail', d.rail),
        next_at = CASE WHEN $7::jsonb ? 'next_at' THEN ($7::jsonb ->> 'next_at')::timestamptz ELSE d.next_at END,
        sent_at = CASE WHEN $7::jsonb ? 'sent_at' THEN ($7::jsonb ->> 'sent_at')::timestamptz ELSE d.sent_at END,
        answered_at = CASE WHEN $7::jsonb ? 'answered_at' THEN ($7::jsonb ->> 'answered_at')::timestamptz ELSE d.answered_at END,
        bank_reason = coalesce($7::jsonb ->> 'bank_reason', d.bank_reason),
        run_id = CASE WHEN $7::jsonb ? 'run_id' THEN $7::jsonb ->> 'run_id' ELSE d.run_id END
    FROM locked l JOIN unnest($3::text[], $4::text[]) AS t (before, after) ON t.before = l.credit
    WHERE d.key = l.key
    RETURNING d.key, l.state || '/' || l.credit AS before, d.state || '/' || d.credit AS after
),
noted AS (
    INSERT INTO deposit_change (key, event, before, after, at, who, why)
    SELECT key, $2, before, after, coalesce($8::timestamptz, clock_timestamp()), $5, $6 FROM moved ORDER BY key
)
SELECT key FROM moved ORDER BY key
