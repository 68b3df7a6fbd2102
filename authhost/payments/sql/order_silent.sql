-- Orders that their banks have not decided, and what has become of their payments by that: event SILENCE, once.
-- $1 ids, $2 tries that it is about, $3 when they are asked about next, $4 a passing refusal's word or '', $5 business time,
-- $6 the event, $7 payments' states before, $8 after, $9 who. A payment is locked before its order, as append_payments.sql does.
WITH told AS MATERIALIZED (
    SELECT t.*, o.payment_id, o.kind FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[]) AS t (end_to_end_id, tries, next_at, word)
    JOIN bank_order o USING (end_to_end_id)
),
locked AS MATERIALIZED (
    SELECT p.payment_id, p.state FROM payment p
    WHERE p.payment_id IN (SELECT payment_id FROM told WHERE kind = 'debit') ORDER BY p.payment_id FOR UPDATE
),
silent AS (
    UPDATE bank_order o SET state = 'unknown', next_at = t.next_at, bank_reason = t.word
    FROM told t LEFT JOIN locked l USING (payment_id)
    WHERE o.end_to_end_id = t.end_to_end_id AND o.tries = t.tries AND o.state IN ('sent', 'unknown')
      AND (t.kind <> 'debit' OR l.payment_id IS NOT NULL)
    RETURNING o.payment_id, o.kind, o.refund_id
),
refunds AS (
    UPDATE refund r SET state = 'unknown', changed_at = $5 FROM silent s WHERE r.refund_id = s.refund_id AND s.kind = 'refund' AND r.state = 'created'
),
moved AS (
    UPDATE payment p SET state = $8, reason = '', changed_at = $5, version = p.version + 1
    FROM silent s JOIN locked l USING (payment_id)
    WHERE s.kind = 'debit' AND p.payment_id = s.payment_id AND l.state = ANY ($7::text[])
    RETURNING p.payment_id, p.version, l.state AS before, p.state, p.payer_phone, p.callback_url, p.merchant_id, p.amount_minor, p.currency,
              p.captured_minor, p.refunded_minor, p.reference
),
noted AS (
    INSERT INTO payment_change (payment_id, version, event, before, after, at, who)
    SELECT payment_id, version, $6, before, state, $5, $9 FROM moved
),
hooks AS (
    INSERT INTO webhook (payment_id, merchant_id, version, url, content, created_at, next_at)
    SELECT payment_id, merchant_id, version, callback_url,
           payment_told(payment_id, state, '', amount_minor, currency, captured_minor, refunded_minor, reference, version, $5, NULL), $5, $5
    FROM moved WHERE callback_url <> ''
)
SELECT payment_id, payer_phone FROM moved ORDER BY payment_id
