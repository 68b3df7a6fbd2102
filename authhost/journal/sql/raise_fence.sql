-- First statement of a hydration: waits for the batches in flight, and from its commit on none is accepted under the old fence.
UPDATE fence SET fence = fence + 1 WHERE account_id = $1 RETURNING fence
