-- A proposal that the second person does not approve: the case is open again.
WITH moved AS (
    UPDATE cash_case SET state = 'open', proposal = '', proposed_minor = 0, proposed_by = '', proposed_at = NULL, why = '', content = content - 'shares'
    WHERE case_id = $1 RETURNING case_id
)
INSERT INTO case_change (case_id, event, at, who, why) SELECT case_id, 'sent back', $3, $2, $4 FROM moved
