-- Orders that never leave: unknown with no try, so that nobody sends them any more, and whoever finds them says why.
-- Their rows are locked already.  $1 ids, $2 why, one each, $3 until when who has given them up says so
UPDATE bank_order o SET state = 'unknown', next_at = $3, bank_reason = t.why
FROM unnest($1::text[], $2::text[]) AS t (end_to_end_id, why) WHERE o.end_to_end_id = t.end_to_end_id
