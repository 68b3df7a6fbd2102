-- What is left between payers and merchants, which must be nothing: but for payments that their merchants capture by hand, which wait
-- there until they do.  $1 run id, $2 business date
WITH moved AS (
    SELECT journal_id, currency, CASE family WHEN 'payment' THEN amount_minor ELSE -amount_minor END AS minor
    FROM placement
    WHERE stream = 'payments' AND journal_date = $2::date AND family IN ('payment', 'payment_receipt')
      AND run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
),
by_hand AS (
    SELECT m.currency, m.minor FROM moved m
    JOIN journal j ON j.business_date = $2::date AND j.stream = 'payments' AND j.id = m.journal_id AND j.key LIKE 'pay/%'
    JOIN payment y ON y.payment_id = split_part(j.key, '/', 2) AND y.capture = 'manual'
    WHERE EXISTS (SELECT FROM payment WHERE capture = 'manual')  -- most hosts have none, and none is looked for
)
SELECT currency, sum(minor)::bigint AS between_minor
FROM (SELECT currency, minor FROM moved UNION ALL SELECT currency, -minor FROM by_hand) left_over
GROUP BY currency HAVING sum(minor) <> 0
ORDER BY currency LIMIT 1
