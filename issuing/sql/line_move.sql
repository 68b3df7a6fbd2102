-- One step on, of this very card.
UPDATE issue_line SET state = $4, changed_at = clock_timestamp()
WHERE batch_id = $1 AND line = $2 AND card_id = $3 AND state = $5
RETURNING line
