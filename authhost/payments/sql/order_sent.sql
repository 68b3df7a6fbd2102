-- Orders that leave after this commit; their rows are locked already.  $1 ids, $2 now, $3 until when whoever sends them waits
UPDATE bank_order SET state = 'sent', sent_at = $2, next_at = $3, tries = tries + 1, bank_reason = ''
WHERE end_to_end_id = ANY ($1::text[])
