-- The holds that wait for their completion at the end of the day.  $1 run id, $2 business date, $3 stream
WITH run AS (SELECT run_no FROM clearing_run WHERE run_id = $1)
SELECT j.key, j.business_date, j.account_id, j.amount_minor, j.currency, j.terminal_id, j.merchant_id
FROM (SELECT journal_date, journal_id FROM placement
      WHERE stream = $3 AND journal_date = $2::date AND run_no = (SELECT run_no FROM run) AND place = 'open'
      UNION ALL SELECT journal_date, journal_id FROM placement_waiting WHERE run_no = (SELECT run_no FROM run)) p
JOIN journal j ON j.stream = $3 AND j.business_date = p.journal_date AND j.id = p.journal_id
ORDER BY j.business_date, j.key, j.leg
