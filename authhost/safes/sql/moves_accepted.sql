-- Deposits that the bank has credited: the credit goes on, and custody of what lies in its safe still, in one write, with a row for each
-- change. $1 keys, $2 credits before, $3 credit after, $4 states before, $5 state after, $6 who, $7 the bank's word, $8 when it was heard
WITH locked AS MATERIALIZED (
    SELECT key, state, credit FROM deposit
    WHERE key = ANY ($1::text[]) AND credit = ANY ($2::text[])
    ORDER BY key FOR UPDATE
),
moved AS (
    UPDATE deposit d SET credit = $3, state = CASE WHEN l.state = ANY ($4::text[]) THEN $5 ELSE l.state END,
        answered_at = $8, next_at = NULL, bank_reason = $7
    FROM locked l WHERE d.key = l.key
    RETURNING d.key, l.state AS state_before, l.credit AS credit_before, d.state
),
noted AS (
    INSERT INTO deposit_change (key, event, before, after, at, who, why)
    SELECT key, event, before, after, clock_timestamp(), $6, why FROM moved CROSS JOIN LATERAL (VALUES
        (1, 'accept', state_before || '/' || credit_before, state_before || '/' || $3, $7),
        (2, 'credited', state_before || '/' || $3, state || '/' || $3, '')) AS t (place, event, before, after, why)
    WHERE place = 1 OR state <> state_before
    ORDER BY key, place
)
SELECT key FROM moved ORDER BY key
