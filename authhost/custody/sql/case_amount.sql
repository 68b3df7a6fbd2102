-- A case whose difference is another one now: what was proposed is void.
WITH moved AS (
    UPDATE cash_case SET amount_minor = $2, content = $3::text::jsonb, state = 'open', proposal = '', proposed_minor = 0, proposed_by = '',
        proposed_at = NULL, why = ''
    WHERE case_id = $1 AND state IN ('open', 'proposed') RETURNING case_id
)
INSERT INTO case_change (case_id, event, at, who, why) SELECT case_id, 'changed', $4, 'host', $5 FROM moved
