-- Wrong PINs before this moment are forgiven: those below the fence that was raised in the same transaction.
UPDATE card SET pin_reset_fence = $2 WHERE card_id = $1 RETURNING pan_masked
