-- Goes on from append.sql: a payment begins, or goes on, of one mind with its row.
-- What a row is about is in its detail: {"event", "payment", ...}. $3 events, $4 the states that each leads out of, $5 what each leads
-- to ('' by the payment's amounts); from authhost/payments/life.py. $6 ids of the payments: a planner that takes the table for empty
-- finds them by their key all the same.
told AS MATERIALIZED (
    SELECT key, kind, account_id, merchant_id, currency, requested_minor, business_date, recorded_at, reason,
           to_timestamp(decided_ms / 1000.0) AS decided_at, late, told, told ->> 'payment' AS payment_id,
           -- Whoever comes after the time is over finds it over.
           CASE WHEN late AND told ->> 'event' <> 'create' THEN 'expire' ELSE told ->> 'event' END AS event
    FROM (SELECT *, detail::jsonb AS told FROM ready WHERE leg = 0 AND key IN (SELECT key FROM claimed) OFFSET 0) t
),
made AS (
    INSERT INTO payment (payment_id, merchant_id, account_id, user_id, kind, payer_phone, currency, amount_minor, payee, purpose, reference,
                         capture, nonce, callback_url, sandbox, business_date, created_at, expires_at, state, changed_at)
    SELECT payment_id, merchant_id, (told ->> 'account')::bigint, told ->> 'by', told ->> 'as', told ->> 'phone', currency, requested_minor,
           told ->> 'payee', told ->> 'purpose', told ->> 'reference', told ->> 'capture', told ->> 'nonce', coalesce(told ->> 'callback', ''),
           (told ->> 'sandbox')::boolean, business_date, decided_at, to_timestamp((told ->> 'expires_us')::bigint / 1000000.0),
           'created', decided_at
    FROM told WHERE event = 'create' AND NOT late
    RETURNING payment_id, version, state, changed_at, user_id
),
locked AS MATERIALIZED (
    SELECT p.payment_id, p.state FROM payment p
    WHERE p.payment_id = ANY ($6::text[]) ORDER BY p.payment_id FOR UPDATE
),
moved AS (
    UPDATE payment p SET
        state = CASE WHEN e.after <> '' THEN e.after
                     WHEN p.refunded_minor = p.amount_minor THEN 'refunded' WHEN p.refunded_minor > 0 THEN 'partly_refunded'
                     WHEN p.capture = 'automatic' THEN 'captured' ELSE 'paid' END,
        reason = CASE WHEN t.event IN ('sign', 'pay') THEN p.reason WHEN t.late THEN '' ELSE coalesce(t.told ->> 'why', '') END,
        changed_at = t.decided_at, version = p.version + 1,
        payer_id = CASE WHEN t.event = 'sign' THEN t.account_id ELSE p.payer_id END,
        payer_phone = coalesce(p.payer_phone, t.told ->> 'phone'),
        paid_at = CASE WHEN t.event IN ('pay', 'match') THEN t.decided_at ELSE p.paid_at END,
        captured_minor = CASE WHEN t.event IN ('pay', 'match') AND p.capture = 'automatic' THEN p.amount_minor ELSE p.captured_minor END
    FROM told t JOIN unnest($3::text[], $4::text[], $5::text[]) AS e (event, befores, after) ON e.event = t.event, locked l
    WHERE p.payment_id = ANY ($6::text[]) AND p.payment_id = t.payment_id AND l.payment_id = t.payment_id AND l.state = ANY (string_to_array(e.befores, ' '))
    RETURNING p.payment_id, p.version, t.event, l.state AS before, p.state, p.changed_at,
              CASE WHEN t.late THEN '' ELSE t.told ->> 'by' END AS who, p.reason, p.callback_url,
              p.merchant_id, p.amount_minor, p.captured_minor, p.refunded_minor, p.currency, p.reference
),
noted AS (
    INSERT INTO payment_change (payment_id, version, event, before, after, at, who, why)
    SELECT payment_id, version, 'create', '', state, changed_at, user_id, '' FROM made
    UNION ALL SELECT payment_id, version, event, before, state, changed_at, coalesce(who, ''), reason FROM moved
),
orders AS (
    INSERT INTO bank_order (end_to_end_id, kind, payment_id, account_id, bank_id, currency, amount_minor, state, business_date, recorded_at,
                            next_at, sent_at, tries)
    SELECT 'P' || t.payment_id, 'debit', t.payment_id, t.account_id, t.told ->> 'bank', t.currency, t.requested_minor, t.told ->> 'order',
           t.business_date, t.recorded_at, CASE WHEN t.told ->> 'order' = 'queued' THEN t.recorded_at
                                                ELSE to_timestamp((t.told ->> 'due_us')::bigint / 1000000.0) END,
           CASE WHEN t.told ->> 'order' = 'sent' THEN t.recorded_at END, CASE WHEN t.told ->> 'order' = 'sent' THEN 1 ELSE 0 END
    FROM told t WHERE t.event = 'sign' AND t.told ? 'order'
),
answered AS (
    UPDATE bank_order o SET state = CASE t.event WHEN 'pay' THEN 'accepted' ELSE 'refused' END, answered_at = t.recorded_at, next_at = NULL,
        bank_reason = coalesce(t.told ->> 'word', '')
    FROM told t WHERE t.event IN ('pay', 'fail') AND o.end_to_end_id = 'P' || t.payment_id
        AND o.end_to_end_id = ANY (ARRAY(SELECT 'P' || id FROM unnest($6::text[]) AS id))
),
credited AS (
    -- A credit that is there already fails the row, and nothing is paid by it twice.
    INSERT INTO payment_credit (bank_id, entry_reference, iban, currency, amount_minor, reference, booked_on, sender_iban, sender_name,
                                payment_id, state, told_at)
    SELECT told ->> 'bank', told ->> 'entry', told ->> 'iban', currency, requested_minor, told ->> 'credited', (told ->> 'booked')::date,
           told ->> 'sender', told ->> 'sender_name', payment_id, 'matched', recorded_at
    FROM told WHERE event = 'match'
),
hooks AS (
    INSERT INTO webhook (payment_id, merchant_id, version, url, content, created_at, next_at)
    SELECT payment_id, merchant_id, version, callback_url,
           payment_told(payment_id, state, reason, amount_minor, currency, captured_minor, refunded_minor, reference, version, changed_at, NULL),
           changed_at, changed_at
    FROM moved WHERE callback_url <> ''
)
SELECT version,
       (SELECT array_agg(key) FROM claimed) AS claimed,
       (SELECT array_agg(DISTINCT key) FROM ready WHERE late AND key IN (SELECT key FROM claimed)) AS late
FROM rules_now
