-- What the run's balances say of each account of the chart: entries, and debits less credits.  $1 run id, $2 business date, $3 stream
SELECT b.code AS kind, b.currency, b.entries AS count, b.debits_minor - b.credits_minor AS sum_minor, '' AS digest
FROM ledger_balance b JOIN clearing_run r USING (run_no)
WHERE r.run_id = $1 AND r.business_date = $2::date AND r.stream = $3
ORDER BY b.code COLLATE "C", b.currency
