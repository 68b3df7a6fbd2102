-- A payment goes on: its row, the change, and what its merchant is told.  $1 id, $2 event, $3 state, $4 captured, $5 refunded, $6 reason,
-- $7 what it was before a dispute, $8 at, $9 who, $10 why, $11 the refund that it is about, as JSON, or null
WITH before AS (SELECT state FROM payment WHERE payment_id = $1),
moved AS (
    UPDATE payment p SET state = $3, captured_minor = $4, refunded_minor = $5, reason = $6, before_dispute = $7, changed_at = $8::timestamptz,
        version = p.version + 1
    WHERE p.payment_id = $1 RETURNING p.*
),
noted AS (
    INSERT INTO payment_change (payment_id, version, event, before, after, at, who, why)
    SELECT m.payment_id, m.version, $2, b.state, m.state, m.changed_at, $9, $10 FROM moved m, before b
),
hooks AS (
    INSERT INTO webhook (payment_id, merchant_id, version, url, content, created_at, next_at)
    SELECT payment_id, merchant_id, version, callback_url,
           payment_told(payment_id, state, reason, amount_minor, currency, captured_minor, refunded_minor, reference, version, changed_at,
                        $11::text::json), changed_at, changed_at
    FROM moved WHERE callback_url <> ''
)
SELECT version FROM moved
