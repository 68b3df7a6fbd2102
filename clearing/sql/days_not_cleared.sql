-- Closed days of a stream whose run is not at its end, the oldest first; what waits for a second person is. Days from before the streams
-- had a run each were cleared by the one that there was.  $1 the stream
SELECT d.business_date
FROM closed_day d
LEFT JOIN clearing_run r ON r.business_date = d.business_date AND r.stream = d.stream AND r.sequence = 1
WHERE d.stream = $1
  AND (r.run_id IS NULL OR r.status = 'posted'
       OR (r.status = 'verified' AND NOT coalesce((r.settings::jsonb -> 'release' ->> 'four_eyes')::boolean, false)))
  AND NOT EXISTS (SELECT FROM clearing_run n WHERE n.business_date = d.business_date AND n.stream = 'night')
ORDER BY d.business_date
