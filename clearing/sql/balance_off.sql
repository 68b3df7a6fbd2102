-- An account of the chart whose balance of a run is not what the run's entries come to.  $1 run id
WITH kept AS (
    SELECT b.code, b.currency, b.entries, b.debits_minor - b.credits_minor AS minor
    FROM ledger_balance b JOIN clearing_run r USING (run_no) WHERE r.run_id = $1
),
booked AS (
    SELECT code, currency, count(*) AS entries, sum(amount_minor) AS minor FROM ledger_entry WHERE run_id = $1 GROUP BY code, currency
)
SELECT code, currency, coalesce(k.minor, 0)::bigint AS kept_minor, coalesce(b.minor, 0)::bigint AS booked_minor
FROM kept k FULL JOIN booked b USING (code, currency)
WHERE (k.entries, k.minor) IS DISTINCT FROM (b.entries, b.minor)
ORDER BY code, currency LIMIT 1
