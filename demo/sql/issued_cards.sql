-- The cards of a batch in the order of its lines.  $1 batch
SELECT line, card_id FROM issue_line WHERE batch_id = $1 AND state = 'active' ORDER BY line
