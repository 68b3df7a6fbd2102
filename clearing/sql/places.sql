-- How many rows have ended where.  $1 run id, $2 business date, $3 stream
WITH run AS (SELECT run_no FROM clearing_run WHERE run_id = $1)
SELECT place, count(*)::int AS count
FROM (SELECT place FROM placement WHERE stream = $3 AND journal_date = $2::date AND run_no = (SELECT run_no FROM run)
      UNION ALL SELECT 'open' FROM placement_waiting WHERE run_no = (SELECT run_no FROM run)) ended
GROUP BY place
