-- The courier was here: what he was asked for is done. $1 terminal, $2 when, $3 who
UPDATE pickup_request SET state = 'done', changed_at = $2, changed_by = $3 WHERE terminal_id = $1 AND state IN ('open', 'accepted')
