-- The open dispute of a payment ends.  $1 payment, $2 outcome, $3 who, $4 at
UPDATE dispute SET outcome = $2, resolved_by = $3, resolved_at = $4::timestamptz
WHERE payment_id = $1 AND outcome = ''
RETURNING number
