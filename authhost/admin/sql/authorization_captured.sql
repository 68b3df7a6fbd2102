-- Whether an authorization was captured by another row than the one that the exception is about, which names it or was found to be covered
-- by it.  $1 key, $2 the exception that asks
SELECT EXISTS (SELECT FROM capture_match WHERE authorization_key = $1)
    OR EXISTS (SELECT FROM claim WHERE key = $1 AND state = 3)  -- authhost.states.State.COMPLETED
   AND NOT EXISTS (SELECT FROM clearing_exception e JOIN clearing_run r USING (run_id)
                   JOIN journal j ON j.business_date = r.business_date AND j.id = e.journal_id
                   WHERE e.exception_id = $2 AND j.original_key = $1)
