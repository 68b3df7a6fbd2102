-- Whether an authorization was captured by another row than the one that the exception is about: one that names it, or was found to be covered
-- by it.  $1 key, $2 the exception that asks
WITH asking AS (
    SELECT j.business_date, j.id, j.original_key
    FROM clearing_exception e JOIN clearing_run r USING (run_id) JOIN journal j ON j.business_date = r.business_date AND j.id = e.journal_id
    WHERE e.exception_id = $2
)
SELECT EXISTS (SELECT FROM capture_match m
               WHERE m.authorization_key = $1 AND (m.journal_date, m.journal_id) NOT IN (SELECT business_date, id FROM asking))
    OR (EXISTS (SELECT FROM claim WHERE key = $1 AND state = 3)  -- authhost.states.State.COMPLETED
        AND NOT EXISTS (SELECT FROM asking WHERE original_key = $1))
