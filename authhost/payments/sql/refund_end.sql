-- The bank has spoken about a refund. The order before the refund, as order_silent.sql locks them.
-- $1 id, $2 state, $3 at, $4 the bank's word, $5 why, $6 EndToEndId, $7 state of the order
WITH answered AS (
    UPDATE bank_order SET state = $7, answered_at = clock_timestamp(), next_at = NULL, bank_reason = $4
    WHERE end_to_end_id = $6 RETURNING refund_id
)
UPDATE refund r SET state = $2, changed_at = $3::timestamptz, why = $5 FROM answered WHERE r.refund_id = $1 AND answered.refund_id = $1
