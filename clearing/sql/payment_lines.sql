-- The phone payments and refunds of each merchant, the reversed ones too: the merchant saw both. A merchant's rows come together.
-- A moment as its minute since 1970: more than that is not told, and a number is read in a tenth of the time.
-- $1 run id, $2 business date
WITH given AS MATERIALIZED (
    SELECT j.id, f.* FROM journal j
    CROSS JOIN LATERAL refund_fee(replace(j.key, '/unrefund/', '/refund/'), j.account_id, $2::date) f
    WHERE j.business_date = $2::date AND j.stream = 'payments' AND j.key LIKE 'pay/%/unrefund/%'
)
SELECT j.merchant_id, j.account_id, j.currency, j.key, j.kind, j.posted_minor, floor(date_part('epoch', j.decided_at) / 60)::bigint AS minute, j.original_key,
       j.approval_code, coalesce(o.detail, j.detail)::text AS detail,
       CASE WHEN j.kind = 'reversal' OR j.key LIKE 'pay/%/unrefund/%' THEN 'refund' ELSE coalesce(y.kind, 'phone') END AS fee_kind,
       CASE WHEN j.key LIKE 'pay/%/capture/%' THEN (j.detail ->> 'captured_before')::bigint ELSE 0 END AS before_minor,
       given.fee_base_minor, given.fee_plan
-- By itself first: the planner takes it for a few rows, and would look for the payment of each.
FROM (SELECT j.*, p.original_date, p.original_id, CASE WHEN j.key LIKE 'pay/%' THEN split_part(j.key, '/', 2) END AS payment_id
      FROM placement p
      JOIN journal j ON j.business_date = $2::date AND j.stream = 'payments' AND j.id = p.journal_id
      WHERE p.stream = 'payments' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
        AND p.family = 'payment_receipt' AND j.posted_minor <> 0
      OFFSET 0) j
LEFT JOIN LATERAL (SELECT detail FROM journal r
                   WHERE r.business_date = j.original_date AND r.id = j.original_id LIMIT 1) o ON true
LEFT JOIN given ON given.id = j.id
-- By phone is what is not found here: most are, and are not looked up.
LEFT JOIN payment y ON y.payment_id = j.payment_id AND y.kind <> 'phone'
ORDER BY j.account_id, j.merchant_id COLLATE "C", j.currency COLLATE "C", j.decided_at, j.key COLLATE "C", j.leg
