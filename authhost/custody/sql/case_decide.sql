-- It is decided: closed where nothing is to be booked.
WITH moved AS (
    UPDATE cash_case SET state = $2, decided_by = $3, decided_at = $4::timestamptz WHERE case_id = $1 RETURNING case_id, proposal
)
INSERT INTO case_change (case_id, event, at, who, why) SELECT case_id, 'decided ' || proposal, $4, $3, $5 FROM moved
