-- What is in a settlement, in the journal's order.  $1 number, $2 the last id seen, $3 most
SELECT j.id, j.key, CASE WHEN j.kind = 'reversal' THEN 'refund' WHEN j.key LIKE 'pay/%/unrefund/%' THEN 'refund_returned' ELSE 'payment' END AS kind,
       coalesce(y.payment_id, '') AS payment, coalesce(y.reference, '') AS reference, j.decided_at, j.posted_minor
FROM merchant_settlement s
JOIN clearing_place p ON p.run_id = s.run_id AND p.stream = 'payments' AND p.journal_date = s.business_date AND p.family = 'payment_receipt'
JOIN journal j ON j.business_date = s.business_date AND j.id = p.journal_id
LEFT JOIN payment y ON y.payment_id = CASE WHEN j.key LIKE 'pay/%' THEN split_part(j.key, '/', 2) END
WHERE s.number = $1 AND j.merchant_id = s.merchant_id AND j.account_id IS NOT DISTINCT FROM s.account_id AND j.currency = s.currency
  AND j.posted_minor <> 0 AND j.id > $2::bigint
ORDER BY j.id LIMIT $3
