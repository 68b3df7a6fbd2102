-- What moved merchants' money, with what its fee is of and the plan that it is charged by.  {day}
WITH given AS MATERIALIZED (
    SELECT j.id, f.* FROM journal j
    CROSS JOIN LATERAL refund_fee(replace(j.key, '/unrefund/', '/refund/'), j.account_id, {day}) f
    WHERE j.business_date = {day} AND j.stream = 'payments' AND j.key LIKE 'pay/%/unrefund/%'
)
SELECT j.id, j.merchant_id, j.account_id, j.currency, j.posted_minor,
       CASE WHEN j.kind = 'reversal' OR j.key LIKE 'pay/%/unrefund/%' THEN 'refund' ELSE coalesce(y.kind, 'phone') END AS fee_kind,
       CASE WHEN j.key LIKE 'pay/%/capture/%' THEN (j.detail ->> 'captured_before')::bigint ELSE 0 END AS before_minor,
       coalesce(given.fee_base_minor, 0) AS fee_base_minor, given.fee_plan
FROM journal j
LEFT JOIN given ON given.id = j.id
-- By phone is what is not found here: most are, and are not looked up.
LEFT JOIN payment y ON y.kind <> 'phone' AND y.payment_id = CASE WHEN j.key LIKE 'pay/%' THEN split_part(j.key, '/', 2) END
WHERE j.business_date = {day} AND j.stream = 'payments' AND j.approved AND j.posted_minor <> 0
  AND (j.kind = 'payment_receipt' OR (j.kind IN ('reversal', 'return') AND j.leg > 0))
