-- What was told long ago is told no more: the payment's own changes are kept.  $1 before, $2 most
DELETE FROM webhook WHERE webhook_id IN (
    SELECT webhook_id FROM webhook WHERE state = 'told' AND told_at < $1::timestamptz ORDER BY told_at LIMIT $2 FOR UPDATE SKIP LOCKED)
