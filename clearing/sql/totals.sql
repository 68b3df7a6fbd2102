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
UNION ALL
SELECT 'safe_total', e.currency, count(*)::int, sum(e.amount_minor)::bigint
FROM ledger_entry e
JOIN clearing_place p ON p.run_id = e.run_id AND p.journal_date = e.journal_date AND p.journal_id = e.journal_id
WHERE e.run_id = $1 AND e.code = '1200' AND p.family IN ('deposit', 'deposit_withheld', 'deposit_uncounted')
GROUP BY 1, 2
UNION ALL
SELECT 'fee', s.currency, count(DISTINCT s.number)::int, coalesce(-sum(e.amount_minor), 0)::bigint
FROM fee_statement s
LEFT JOIN ledger_entry e ON e.run_id = s.run_id AND e.transaction = s.number AND e.code IN ('4100', '4200', '2700')
WHERE s.run_id = $1
GROUP BY 1, 2
UNION ALL
SELECT 'booking', s.currency, count(*)::int, -sum(e.amount_minor)::bigint
FROM booking_statement s
JOIN ledger_entry e ON e.code = '2200' AND e.account_id = s.account_id AND e.currency = s.currency
                   AND e.run_id >= s.period_from::text AND e.run_id < (s.period_to + 1)::text
WHERE s.run_id = $1
GROUP BY 1, 2
UNION ALL
SELECT 'courier_cost', e.currency, count(*)::int, sum(e.amount_minor)::bigint
FROM ledger_entry e WHERE e.run_id = $1 AND e.code = '5100'
GROUP BY 1, 2
ORDER BY 1, 2
