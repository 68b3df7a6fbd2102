-- Refunds that cannot go now and may wait; their rows are locked already.  $1 ids, $2 until when
UPDATE bank_order SET next_at = $2 WHERE end_to_end_id = ANY ($1::text[])
