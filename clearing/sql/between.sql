-- What is left between payers and merchants, which must be nothing: but for payments that their merchants capture by hand, which wait
-- there until they do.  $1 run id, $2 business date
SELECT p.currency, sum(CASE p.family WHEN 'payment' THEN p.amount_minor ELSE -p.amount_minor END)::bigint AS between_minor
FROM placement p
JOIN clearing_run r USING (run_no)
JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
LEFT JOIN payment y ON y.payment_id = split_part(j.key, '/', 2) AND j.key LIKE 'pay/%' AND y.capture = 'manual'
WHERE r.run_id = $1 AND p.stream = 'payments' AND p.journal_date = $2::date AND p.family IN ('payment', 'payment_receipt')
  AND y.payment_id IS NULL
GROUP BY p.currency
HAVING sum(CASE p.family WHEN 'payment' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
ORDER BY p.currency LIMIT 1
