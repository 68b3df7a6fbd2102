-- Captures that wait for a person, by reason, and what the host had said of the day's captures when they came.  $1 business date
WITH told AS (
    SELECT reason, count(*)::int AS count FROM clearing_exception
    WHERE subject_kind IN ('journal', 'suspense') AND run_id LIKE to_char($1::date, 'YYYY-MM-DD/%') GROUP BY reason
),
said AS (
    SELECT CASE WHEN kind = 'offline_sale' THEN 'no_authorization' WHEN flags LIKE '%original_expired%' THEN 'authorization_expired'
                ELSE 'over_tolerance' END AS reason, count(*)::int AS count
    FROM journal
    WHERE business_date = $1 AND stream = 'fuel' AND approved AND posted_minor > 0
      AND ((kind = 'offline_sale' AND flags <> '') OR (kind = 'completion' AND flags ~ '(above_hold|original_expired)'))
    GROUP BY 1
)
SELECT reason, coalesce(t.count, 0) AS told, coalesce(s.count, 0) AS said FROM told t FULL JOIN said s USING (reason)
WHERE t.count IS DISTINCT FROM s.count ORDER BY reason
