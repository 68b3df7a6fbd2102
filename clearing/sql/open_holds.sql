-- The holds that wait for their completion at the end of the day.  $1 run id, $2 stream
SELECT j.key, j.business_date, j.account_id, j.amount_minor, j.currency, j.terminal_id, j.merchant_id
FROM clearing_place p JOIN journal j ON j.business_date = p.journal_date AND j.stream = $2 AND j.id = p.journal_id
WHERE p.run_id = $1 AND p.stream = $2 AND p.place = 'open'
ORDER BY j.business_date, j.key, j.leg
