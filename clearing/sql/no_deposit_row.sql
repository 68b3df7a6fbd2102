-- A deposit of the day without a row in table deposit would be credited by nobody.  $1 run id, $2 business date
SELECT j.key FROM placement p
JOIN journal j ON j.business_date = $2::date AND j.stream = 'cash' AND j.id = p.journal_id
WHERE p.stream = 'cash' AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
  AND j.kind = 'deposit' AND j.leg = 0 AND j.posted_minor <> 0
  AND NOT EXISTS (SELECT FROM deposit d WHERE d.key = j.key)
ORDER BY j.key LIMIT 1
