-- The next attempt of a line has its card.
UPDATE issue_line SET state = 'numbered', attempt = attempt + 1, card_id = $3, card_serial = $4, pan_masked = $5,
                      changed_at = clock_timestamp()
WHERE batch_id = $1 AND line = $2 AND state = 'planned'
RETURNING attempt
