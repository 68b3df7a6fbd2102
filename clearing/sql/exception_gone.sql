-- What explains itself is closed, and lets go of the authorization that somebody had proposed.  $1 reason, $2 kind of subject, $3 subjects, $4 who, $5 why
WITH gone AS (
    UPDATE clearing_exception SET state = 'closed', note = $5, target = '', target_account_id = NULL
    WHERE reason = $1 AND subject_kind = $2 AND subject = ANY ($3::text[]) AND state IN ('open', 'assigned', 'proposed')
    RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who, note) SELECT exception_id, 'closed', $4, $5 FROM gone
