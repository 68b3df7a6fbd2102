-- What the ledger says that each kind of file must carry, by currency.  $1 run id
SELECT CASE p.family WHEN 'fuel' THEN 'invoice' ELSE 'settlement' END AS kind, p.currency, count(*)::int AS count,
       sum(p.amount_minor)::bigint AS sum_minor
FROM placement p JOIN clearing_run r USING (run_no)
WHERE r.run_id = $1 AND p.stream = r.stream AND p.journal_date = r.business_date AND p.amount_minor <> 0
  AND ((p.family = 'fuel' AND p.place = 'cleared') OR p.family = 'payment_receipt')
GROUP BY 1, 2
UNION ALL
SELECT c.purpose, t.currency, count(*)::int, sum(t.amount_minor)::bigint
FROM ledger_transfer t JOIN clearing_credit c ON c.run_id = t.run_id AND c.end_to_end_id = t.transaction
WHERE t.run_id = $1 AND t.credit = '1300'
GROUP BY 1, 2
UNION ALL
SELECT 'safe_total', p.currency, count(*)::int, sum(p.amount_minor)::bigint
FROM placement p JOIN clearing_run r USING (run_no)
WHERE r.run_id = $1 AND p.stream = r.stream AND p.journal_date = r.business_date AND p.amount_minor <> 0
  AND p.family IN ('deposit', 'deposit_withheld', 'deposit_uncounted')
GROUP BY 1, 2
UNION ALL
SELECT 'fee', s.currency, count(DISTINCT s.number)::int, coalesce(sum(t.amount_minor), 0)::bigint
FROM fee_statement s
LEFT JOIN ledger_transfer t ON t.run_id = s.run_id AND t.transaction = s.number AND t.credit IN ('4100', '4200', '2700')
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
SELECT 'courier_cost', t.currency, count(*)::int, sum(t.amount_minor)::bigint
FROM ledger_transfer t WHERE t.run_id = $1 AND t.debit = '5100'
GROUP BY 1, 2
ORDER BY 1, 2
