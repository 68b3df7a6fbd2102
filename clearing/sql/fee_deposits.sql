-- The day's deposits of clients with fees, the reversed ones left out.  $1 run id, $2 business date, $3 accounts
SELECT j.account_id, j.currency, j.posted_minor, j.detail::text AS detail
FROM clearing_place p JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
WHERE p.run_id = $1 AND p.journal_date = $2::date AND p.place = 'cleared' AND j.kind = 'deposit' AND j.posted_minor > 0
  AND j.account_id = ANY ($3::bigint[])
