-- A pick-up goes on. $3 states that it may be in.
UPDATE pickup_request SET state = $2, changed_by = $4, changed_at = $5 WHERE pickup_id = $1 AND state = ANY ($3::text[]) RETURNING pickup_id
