-- Deposits whose credit goes on, and custody of what lies in its safe still, in one write, with a row for each change.
-- $1 keys, $2 event of the credit, $3 credits before, $4 credit after, $5 event of custody, $6 states before, $7 state after, $8 who,
-- $9 why the credit goes on, $10 the bank's word, $11 when it was heard (null: the bank has said nothing), $12 run id (null: as it was)
WITH locked AS MATERIALIZED (
    SELECT key, state, credit FROM deposit
    WHERE key = ANY ($1::text[]) AND credit = ANY ($3::text[])
    ORDER BY key FOR UPDATE
),
moved AS (
    UPDATE deposit d SET credit = $4, state = CASE WHEN l.state = ANY ($6::text[]) THEN $7 ELSE l.state END,
        answered_at = coalesce($11::timestamptz, d.answered_at), next_at = CASE WHEN $11::timestamptz IS NULL THEN d.next_at END,
        bank_reason = coalesce($10::text, d.bank_reason), run_id = coalesce($12::text, d.run_id)
    FROM locked l WHERE d.key = l.key
    RETURNING d.key, l.state AS state_before, l.credit AS credit_before, d.state
),
noted AS (
    INSERT INTO deposit_change (key, event, before, after, at, who, why)
    SELECT key, event, before, after, clock_timestamp(), $8, why FROM moved CROSS JOIN LATERAL (VALUES
        (1, $2, state_before || '/' || credit_before, state_before || '/' || $4, $9),
        (2, $5, state_before || '/' || $4, state || '/' || $4, '')) AS t (place, event, before, after, why)
    WHERE place = 1 OR state <> state_before
    ORDER BY key, place
)
SELECT key FROM moved ORDER BY key
