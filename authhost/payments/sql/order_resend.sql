-- Unknown, and sent again under the same id after this commit.  $1 ids, $2 until when whoever sends them waits
WITH locked AS MATERIALIZED (
    SELECT end_to_end_id FROM bank_order WHERE end_to_end_id = ANY ($1::text[]) AND state = 'unknown' AND tries > 0
    ORDER BY end_to_end_id FOR UPDATE
)
UPDATE bank_order o SET state = 'sent', sent_at = clock_timestamp(), next_at = $2, tries = o.tries + 1, bank_reason = ''
FROM locked l WHERE o.end_to_end_id = l.end_to_end_id
RETURNING o.end_to_end_id
