-- Nobody else asks about this order, nor sends it again, until we have said what became of it: true where it is still of the try that
-- the bank has answered.  $1 id, $2 tries, $3 until when
UPDATE bank_order SET next_at = $3 WHERE end_to_end_id = $1 AND tries = $2 AND state IN ('sent', 'unknown')
RETURNING true
