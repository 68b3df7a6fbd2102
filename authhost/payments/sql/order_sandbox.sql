-- Orders of sandboxes that nobody has answered for: new refunds, and what a host that died has left; ours until the lease ends.
-- $1 now, $2 most, $3 lease
WITH due AS MATERIALIZED (
    SELECT o.end_to_end_id FROM bank_order o JOIN payment p USING (payment_id)
    WHERE p.sandbox AND o.state IN ('queued', 'sent', 'unknown') AND o.next_at <= $1
    ORDER BY o.next_at LIMIT $2
    FOR UPDATE OF o SKIP LOCKED
),
leased AS (
    UPDATE bank_order o SET state = CASE o.state WHEN 'queued' THEN 'sent' ELSE o.state END, next_at = $3,
        tries = CASE o.state WHEN 'queued' THEN o.tries + 1 ELSE o.tries END
    FROM due d WHERE o.end_to_end_id = d.end_to_end_id RETURNING o.*
)
SELECT o.end_to_end_id, o.kind, o.payment_id, o.refund_id, o.account_id, o.currency, o.amount_minor, p.payee, p.purpose, p.reference,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       o.recorded_at, o.sent_at, o.tries, o.bank_reason
FROM leased o JOIN payment p USING (payment_id) LEFT JOIN account a ON a.account_id = o.account_id
ORDER BY o.recorded_at
