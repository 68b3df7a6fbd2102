-- The phone payments and refunds of each merchant, the reversed ones too: the merchant saw both.
-- $1 run id, $2 business date
SELECT j.merchant_id, j.account_id, j.currency, j.key, j.kind, j.posted_minor, j.decided_at, j.original_key,
       j.approval_code, coalesce(o.detail, j.detail)::text AS detail,
       CASE WHEN j.kind = 'reversal' OR j.key LIKE 'pay/%/unrefund/%' THEN 'refund' ELSE coalesce(y.kind, 'phone') END AS fee_kind,
       CASE WHEN j.key LIKE 'pay/%/capture/%' THEN (j.detail ->> 'captured_before')::bigint ELSE 0 END AS before_minor,
       refund.fee_base_minor, refund.fee_plan
FROM placement p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
LEFT JOIN LATERAL (SELECT detail FROM journal r
                   WHERE r.business_date = p.original_date AND r.id = p.original_id LIMIT 1) o ON true
LEFT JOIN LATERAL refund_fee(CASE WHEN j.key LIKE 'pay/%/unrefund/%' THEN replace(j.key, '/unrefund/', '/refund/') END, j.account_id, $2::date) refund ON true
LEFT JOIN payment y ON y.payment_id = CASE WHEN j.key LIKE 'pay/%' THEN split_part(j.key, '/', 2) END
WHERE p.stream = 'payments' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND p.family = 'payment_receipt' AND j.posted_minor <> 0
ORDER BY j.currency COLLATE "C", j.merchant_id COLLATE "C", j.account_id, j.decided_at, j.key, j.leg
