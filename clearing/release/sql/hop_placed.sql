-- The rows that the run has placed and booked, by kind, with the amount that their place has.  $1 run id, $2 business date, $3 stream
SELECT j.kind, p.currency, count(*)::bigint AS count, sum(p.amount_minor)::bigint AS sum_minor,
       sum(hashtextextended(j.key || '#' || j.leg, p.amount_minor))::text AS digest
FROM placement p
LEFT JOIN journal j ON j.business_date = $2::date AND j.stream = $3 AND j.id = p.journal_id
WHERE p.stream = $3 AND p.journal_date = $2::date AND p.amount_minor <> 0
  AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
GROUP BY j.kind, p.currency ORDER BY j.kind COLLATE "C", p.currency
