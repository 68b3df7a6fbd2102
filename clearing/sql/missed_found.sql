-- A credit that was missed is on a statement after all: its case says so, and a person closes it.
-- $1 statement, $2 end-to-end ids, $3 who
WITH found AS (
    UPDATE credit_missed SET found_by = $1 WHERE end_to_end_id = ANY ($2::text[]) AND found_by IS NULL
    RETURNING case_id, end_to_end_id
)
INSERT INTO case_change (case_id, event, who, why)
SELECT case_id, 'found', $3, 'statement ' || $1 || ' has ' || end_to_end_id FROM found
