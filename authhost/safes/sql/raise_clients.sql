-- The fences of all clients of a safe, locked in their order. Waits for the batches in flight; from the commit on no deposit is
-- accepted under what was seen before. $1 terminal
WITH locked AS MATERIALIZED (
    SELECT account_id FROM fence
    WHERE account_id IN (SELECT account_id FROM safe_client WHERE terminal_id = $1)
    ORDER BY account_id FOR UPDATE
)
UPDATE fence f SET fence = f.fence + 1 FROM locked l WHERE f.account_id = l.account_id
