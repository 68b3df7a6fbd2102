-- Files that nobody has said a word about, or that are not booked: of those that were to be executed up to a day, each said once.
-- $1 stream, $2 executed up to this day for a pain.002, $3 and for its booking; null: nobody waits
SELECT f.message_id, f.run_id, f.kind, f.currency, f.count, f.sum_minor, waits.reason
FROM bank_file f
JOIN clearing_run r USING (run_id)
CROSS JOIN LATERAL (
    SELECT 'file_unanswered' AS reason WHERE f.execute_on <= $2::date AND NOT EXISTS (
        SELECT FROM bank_answer a WHERE a.kind = 'pain002' AND a.about = f.message_id)
      AND NOT EXISTS (SELECT FROM bank_batch b WHERE b.message_id = f.message_id)
      AND NOT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = f.first_id)
    UNION ALL
    SELECT 'not_booked' WHERE f.execute_on <= $3::date
      AND NOT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = f.first_id AND x.fact IN ('booked', 'rejected', 'returned'))) waits
WHERE r.stream = $1 AND f.kind <> 'advice' AND f.execute_on <= coalesce($2::date, $3::date)
  AND NOT EXISTS (SELECT FROM clearing_exception e WHERE e.reason = waits.reason AND e.subject_kind = 'bank_file' AND e.subject = f.message_id)
ORDER BY f.message_id
