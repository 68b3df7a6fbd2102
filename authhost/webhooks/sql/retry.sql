-- A dead letter is told again, with all its tries; its URL, if it had ended, has not. What is not dead stays as it is.
-- $1 webhook, $2 merchant, $3 now
WITH found AS MATERIALIZED (
    SELECT webhook_id, url, state = 'dead' AS dead FROM webhook WHERE webhook_id = $1 AND merchant_id = $2 FOR UPDATE
),
opened AS (
    UPDATE webhook w SET last_said = '410 before' FROM found f
    WHERE f.dead AND w.merchant_id = $2 AND w.state = 'dead' AND w.url = f.url AND w.last_said = '410' AND w.webhook_id <> f.webhook_id
)
UPDATE webhook w SET
    state = CASE WHEN f.dead THEN 'waiting' ELSE w.state END, next_at = CASE WHEN f.dead THEN $3::timestamptz ELSE w.next_at END,
    tries = CASE WHEN f.dead THEN 0 ELSE w.tries END, last_said = CASE WHEN f.dead THEN '' ELSE w.last_said END
FROM found f WHERE w.webhook_id = f.webhook_id
RETURNING w.webhook_id, w.payment_id, w.version, w.url, w.content::text AS content, w.created_at, w.tries, w.last_said, w.state
