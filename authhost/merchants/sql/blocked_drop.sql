-- The merchant takes payments from it again.  $1 merchant, $2 phone
DELETE FROM merchant_blocked_phone WHERE merchant_id = $1 AND phone = $2 RETURNING phone
