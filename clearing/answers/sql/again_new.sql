-- A credit that came back is to be paid again, by itself or after a decision. A second word (it was booked, or returned, after all) stops it.
-- $1 the credit, $2 whether by itself, $3 tries at most
INSERT INTO clearing_again (before_id, first_id, purpose, tries, due)
SELECT c.end_to_end_id, coalesce(b.first_id, c.end_to_end_id),
       CASE c.purpose WHEN 'instant_credit' THEN 'deposit_credit' ELSE c.purpose END,
       coalesce(b.tries, 0) + 1, $2 AND coalesce(b.tries, 0) < $3
FROM clearing_credit c LEFT JOIN clearing_again b ON b.end_to_end_id = c.end_to_end_id
WHERE c.end_to_end_id = $1 AND c.held = ''
ON CONFLICT (before_id) DO UPDATE SET due = excluded.due
WHERE clearing_again.run_id IS NULL
RETURNING due
