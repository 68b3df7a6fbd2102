-- A deposit of the day without a row in table deposit would be credited by nobody.  $1 run id, $2 business date
SELECT j.key FROM clearing_place p
JOIN journal j ON j.business_date = $2::date AND j.id = p.journal_id
WHERE p.run_id = $1 AND p.journal_date = $2::date AND j.kind = 'deposit' AND j.leg = 0 AND j.posted_minor <> 0
  AND NOT EXISTS (SELECT FROM deposit d WHERE d.key = j.key)
ORDER BY j.key LIMIT 1
