-- A refund, and what the payer's bank is asked: the outbox has it in the transaction that took it off the payment.
-- $1 id, $2 payment, $3 number, $4 amount, $5 reason, $6 reference, $7 who, $8 at, $9 EndToEndId, $10 payer's account, $11 bank, $12 currency
WITH made AS (
    INSERT INTO refund (refund_id, payment_id, number, amount_minor, reason, reference, user_id, state, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'created', $8::timestamptz, $8::timestamptz)
)
INSERT INTO bank_order (end_to_end_id, kind, payment_id, refund_id, account_id, bank_id, currency, amount_minor, state, business_date,
                        recorded_at, next_at)
SELECT $9, 'refund', $2, $1, $10, $11, $12, $4, 'queued', r.payments_date, clock_timestamp(), clock_timestamp() FROM rules r
