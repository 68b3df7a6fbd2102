-- What the ledger has in transit for them: transfers to 1300 under the credits' own ids.  $1 run id, $2 business date, $3 stream
SELECT c.purpose AS kind, t.currency, count(*)::bigint AS count, sum(t.amount_minor)::bigint AS sum_minor, '' AS digest
FROM ledger_transfer t
JOIN clearing_run r USING (run_id)
JOIN clearing_credit c ON c.run_id = t.run_id AND c.end_to_end_id = t.transaction
WHERE t.run_id = $1 AND t.credit = '1300' AND r.business_date = $2::date AND r.stream = $3
GROUP BY 1, 2 ORDER BY c.purpose COLLATE "C", t.currency
