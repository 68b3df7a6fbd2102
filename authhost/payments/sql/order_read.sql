-- Orders as they are.  $1 ids
SELECT o.end_to_end_id, o.kind, o.payment_id, o.refund_id, o.account_id, o.currency, o.amount_minor, p.payee, p.purpose, p.reference,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       o.recorded_at, o.sent_at, o.tries, o.bank_reason
FROM bank_order o JOIN payment p USING (payment_id) LEFT JOIN account a ON a.account_id = o.account_id
WHERE o.end_to_end_id = ANY ($1::text[])
