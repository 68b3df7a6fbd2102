-- Debits and credits of the run by currency.  $1 run id
SELECT b.currency, sum(b.debits_minor)::bigint AS debits_minor, sum(b.credits_minor)::bigint AS credits_minor
FROM ledger_balance b JOIN clearing_run r USING (run_no) WHERE r.run_id = $1
GROUP BY b.currency ORDER BY b.currency
