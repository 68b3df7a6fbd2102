UPDATE card SET status = $2 WHERE card_id = $1 RETURNING account_id, pan_masked
