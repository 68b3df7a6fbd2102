-- The day's deposits of clients with fees, the reversed ones left out.  $1 run id, $2 business date, $3 accounts
SELECT j.account_id, j.currency, j.posted_minor, j.detail::text AS detail
FROM placement p JOIN journal j ON j.business_date = $2::date AND j.stream = 'cash' AND j.id = p.journal_id
WHERE p.stream = 'cash' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND p.place = 'cleared' AND j.kind = 'deposit' AND j.posted_minor > 0
  AND j.account_id = ANY ($3::bigint[])
