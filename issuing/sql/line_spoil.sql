-- The line's card is none: remembered, and the line is free for another.
WITH spoiled AS (
    INSERT INTO issue_spoiled (batch_id, line, attempt, card_id, card_serial, pan_masked, state, why)
    SELECT batch_id, line, attempt, card_id, card_serial, pan_masked, state, $4
    FROM issue_line WHERE batch_id = $1 AND line = $2 AND card_id = $3 AND state IN ('numbered', 'loaded')
    RETURNING batch_id, line
)
UPDATE issue_line SET state = 'planned', card_id = NULL, card_serial = '', pan_masked = '',
                      changed_at = clock_timestamp()
FROM spoiled WHERE issue_line.batch_id = spoiled.batch_id AND issue_line.line = spoiled.line
RETURNING issue_line.line
