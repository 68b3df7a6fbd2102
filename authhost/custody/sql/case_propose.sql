-- What is to be done about a case, by whom and why. $7 shares.
WITH moved AS (
    UPDATE cash_case SET state = 'proposed', proposal = $2, proposed_minor = $3, proposed_by = $4, proposed_at = $5::timestamptz, why = $6,
        content = jsonb_set(content, '{shares}', $7::text::jsonb)
    WHERE case_id = $1 RETURNING case_id
)
INSERT INTO case_change (case_id, event, at, who, why) SELECT case_id, 'proposed ' || $2, $5, $4, $6 FROM moved
