-- How far each line has come.
SELECT line, state, attempt, card_id, card_serial, pan_masked FROM issue_line WHERE batch_id = $1 ORDER BY line
