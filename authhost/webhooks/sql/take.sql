-- Take what is due, under a lease: until then nobody else takes it. Of one payment the earliest version that still waits, and no other.
-- A place that has not answered in time lately has one; each place's first goes before any other's second.
-- $1 now, $2 until when, $3 most of one place, $4 most in all, $5 rows looked at, $6 merchants and $7 places that have enough on their way, $8 places that answer in time
WITH due AS MATERIALIZED (
    SELECT w.webhook_id, w.merchant_id || ' ' || split_part(w.url, '/', 3) AS place
    FROM webhook w
    WHERE w.state = 'waiting' AND w.next_at <= $1::timestamptz
      AND w.merchant_id <> ALL ($6::text[]) AND w.merchant_id || ' ' || split_part(w.url, '/', 3) <> ALL ($7::text[])
      AND NOT EXISTS (SELECT FROM webhook e WHERE e.payment_id = w.payment_id AND e.version < w.version AND e.state = 'waiting')
    ORDER BY w.next_at LIMIT $5 FOR UPDATE OF w SKIP LOCKED
),
chosen AS (
    SELECT webhook_id, place
    FROM (SELECT *, row_number() OVER (PARTITION BY place ORDER BY webhook_id) AS nth FROM due) AS ranked
    WHERE nth <= CASE WHEN place = ANY ($8::text[]) THEN $3 ELSE 1 END ORDER BY nth, webhook_id LIMIT $4
)
UPDATE webhook w SET next_at = $2::timestamptz FROM chosen c WHERE w.webhook_id = c.webhook_id
RETURNING w.webhook_id, w.merchant_id, w.url, w.content::text AS content, w.tries, c.place,
    -- The newest first; an old one until it ends.
    ARRAY(SELECT k.secret FROM webhook_key k WHERE k.merchant_id = w.merchant_id AND (k.ended_at IS NULL OR k.ended_at > $1::timestamptz)
          ORDER BY k.created_at DESC, k.key_id) AS secrets,
    EXISTS (SELECT FROM webhook d WHERE d.merchant_id = w.merchant_id AND d.state = 'dead' AND d.url = w.url AND d.last_said = '410') AS ended
