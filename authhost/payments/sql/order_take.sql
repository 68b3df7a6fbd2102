-- The orders that wait for a bank, oldest first, locked; another host's are passed by.  $1 bank, $2 most
SELECT o.end_to_end_id, o.kind, o.payment_id, o.refund_id, o.account_id, o.currency, o.amount_minor, p.payee, p.purpose, p.reference,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       o.recorded_at, o.sent_at, o.tries, o.bank_reason
FROM bank_order o JOIN payment p USING (payment_id) LEFT JOIN account a ON a.account_id = o.account_id
WHERE o.bank_id = $1 AND o.state = 'queued' AND o.next_at <= clock_timestamp() AND NOT p.sandbox
ORDER BY o.next_at LIMIT $2
FOR UPDATE OF o SKIP LOCKED
