-- What moves merchants' money today, row by row, with what a fee is of: the kind of the payment, and what was captured of it before.
-- $1 run id, $2 business date
SELECT j.merchant_id, j.account_id, j.currency, j.posted_minor,
       CASE WHEN j.kind = 'reversal' OR j.key LIKE 'pay/%/unrefund/%' THEN 'refund' ELSE coalesce(y.kind, 'phone') END AS fee_kind,
       CASE WHEN j.key LIKE 'pay/%/capture/%' THEN (j.detail ->> 'captured_before')::bigint ELSE 0 END AS before_minor,
       refund.fee_base_minor, refund.fee_plan
FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
LEFT JOIN LATERAL refund_fee(replace(j.key, '/unrefund/', '/refund/'), j.account_id, $2::date) refund ON j.key LIKE 'pay/%/unrefund/%'
LEFT JOIN payment y ON y.payment_id = CASE WHEN j.key LIKE 'pay/%' THEN split_part(j.key, '/', 2) END
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.family = 'payment_receipt' AND j.posted_minor <> 0
