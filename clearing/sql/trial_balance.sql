-- Debits and credits of the run by currency, with what is left between payers and merchants, which must be nothing.
-- $1 run id
SELECT currency, coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0)::bigint AS debits_minor,
       coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)::bigint AS credits_minor,
       coalesce(sum(amount_minor) FILTER (WHERE code = '2500'), 0)::bigint AS between_minor
FROM ledger_entry WHERE run_id = $1
GROUP BY currency ORDER BY currency
