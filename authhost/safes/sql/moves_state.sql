-- Deposits that go on in custody, with a row for each change. $1 keys, $2 event, $3 states before, $4 states after,
-- $5 who, $6 why, $7 further columns (see moves.py), $8 when. What is in no state of $3 stays as it is.
WITH locked AS MATERIALIZED (
    SELECT key, state, credit FROM deposit
    WHERE key = ANY ($1::text[]) AND state = ANY ($3::text[])
    ORDER BY key FOR UPDATE
),
moved AS (
    UPDATE deposit d SET state = t.after, run_id = CASE WHEN $7::jsonb ? 'run_id' THEN $7::jsonb ->> 'run_id' ELSE d.run_id END
    FROM locked l JOIN unnest($3::text[], $4::text[]) AS t (before, after) ON t.before = l.state
    WHERE d.key = l.key
    RETURNING d.key, l.state || '/' || l.credit AS before, d.state || '/' || d.credit AS after
),
noted AS (
    INSERT INTO deposit_change (key, event, before, after, at, who, why)
    SELECT key, $2, before, after, coalesce($8::timestamptz, clock_timestamp()), $5, $6 FROM moved ORDER BY key
)
SELECT key FROM moved ORDER BY key
