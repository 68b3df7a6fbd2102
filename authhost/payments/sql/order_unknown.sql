-- What a bank is to be asked about now; until the lease ends nobody else asks.  $1 bank, $2 now, $3 most, $4 lease
WITH due AS MATERIALIZED (
    SELECT o.end_to_end_id FROM bank_order o JOIN payment p USING (payment_id)
    WHERE o.bank_id = $1 AND o.state = 'unknown' AND o.next_at <= $2 AND NOT p.sandbox
    ORDER BY o.next_at LIMIT $3
    FOR UPDATE OF o SKIP LOCKED
),
leased AS (
    UPDATE bank_order o SET next_at = $4 FROM due d WHERE o.end_to_end_id = d.end_to_end_id RETURNING o.*
)
SELECT o.end_to_end_id, o.kind, o.payment_id, o.refund_id, o.account_id, o.currency, o.amount_minor, p.payee, p.purpose, p.reference,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       o.recorded_at, o.sent_at, o.tries, o.bank_reason
FROM leased o JOIN payment p USING (payment_id) LEFT JOIN account a ON a.account_id = o.account_id
ORDER BY o.recorded_at
