-- Debits and credits of the run by currency, with what is left between payers and merchants, which must be nothing: but for payments that
-- their merchants capture by hand, which wait there until they do.  $1 run id
SELECT e.currency, coalesce(sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0)::bigint AS debits_minor,
       coalesce(-sum(e.amount_minor) FILTER (WHERE e.amount_minor < 0), 0)::bigint AS credits_minor,
       coalesce(sum(e.amount_minor) FILTER (WHERE e.code = '2500' AND p.payment_id IS NULL), 0)::bigint AS between_minor
FROM ledger_entry e
LEFT JOIN payment p ON e.code = '2500' AND e.transaction LIKE 'pay/%' AND p.payment_id = split_part(e.transaction, '/', 2)
                   AND p.capture = 'manual'
WHERE e.run_id = $1
GROUP BY e.currency ORDER BY e.currency
