-- What the ledger says that each kind of file must carry, by currency.  $1 run id
SELECT CASE e.code WHEN '1100' THEN 'invoice' ELSE 'settlement' END AS kind, e.currency, count(*)::int AS count,
       sum(CASE e.code WHEN '1100' THEN e.amount_minor ELSE -e.amount_minor END)::bigint AS sum_minor
FROM ledger_entry e
JOIN clearing_place p ON p.run_id = e.run_id AND p.journal_date = e.journal_date AND p.journal_id = e.journal_id
WHERE e.run_id = $1 AND ((e.code = '1100' AND p.place = 'cleared') OR e.code = '2400')
GROUP BY 1, 2
UNION ALL
SELECT c.purpose, e.currency, count(*)::int, -sum(e.amount_minor)::bigint
FROM ledger_entry e JOIN clearing_credit c ON c.run_id = e.run_id AND c.end_to_end_id = e.transaction
WHERE e.run_id = $1 AND e.code = '1300'
GROUP BY 1, 2
ORDER BY 1, 2
