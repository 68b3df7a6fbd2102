-- An exception for each row of the day that has no authorization which covers it, or no fleet; said once while it is open, in the order of keys.
-- What is in suspense of an account that is no fleet's, waits for that, whatever its match is.
-- $1 run id, $2 business date, $3 stream, $4 ids, $5 their matches, $6 whether each is in suspense
WITH made AS (
    INSERT INTO clearing_exception (stream, reason, subject_kind, subject, run_id, journal_id, account_id, currency, amount_minor, content)
    SELECT $3, CASE WHEN one.suspended AND a.kind IS DISTINCT FROM 'fleet' THEN 'not_a_fleet' ELSE one.match END,
           CASE WHEN one.suspended THEN 'suspense' ELSE 'journal' END, j.key, $1, j.id, j.account_id, j.currency, j.posted_minor,
           jsonb_build_object('terminal', j.terminal_id, 'approval_code', j.approval_code, 'original', j.original_key, 'flags', j.flags, 'match', one.match)
    FROM unnest($4::bigint[], $5::text[], $6::boolean[]) AS one (id, match, suspended)
    JOIN journal j ON j.business_date = $2::date AND j.stream = $3 AND j.id = one.id
    LEFT JOIN account a USING (account_id)
    ORDER BY j.key, j.leg
    ON CONFLICT (reason, subject_kind, subject) WHERE state <> 'closed' DO NOTHING
    RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who) SELECT exception_id, 'opened', 'clearing' FROM made ORDER BY exception_id
