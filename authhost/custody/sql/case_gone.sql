-- A case whose difference has gone: it explains nothing.
WITH moved AS (
    UPDATE cash_case SET amount_minor = 0, state = 'closed', proposal = 'dismiss', proposed_minor = 0, proposed_by = '', proposed_at = NULL,
        decided_by = 'host', decided_at = $2, why = $3
    WHERE case_id = $1 AND state IN ('open', 'proposed') RETURNING case_id
)
INSERT INTO case_change (case_id, event, at, who, why) SELECT case_id, 'gone', $2, 'host', $3 FROM moved
