-- An order that came back may be made again, by itself or after a decision. A second word (it was booked, or returned, after all) stops it.
-- $1 the order, $2 whether by itself, $3 tries at most
INSERT INTO clearing_again (before_id, first_id, purpose, tries, due)
SELECT o.end_to_end_id, coalesce(b.first_id, o.end_to_end_id),
       CASE o.purpose WHEN 'instant_credit' THEN 'deposit_credit' ELSE o.purpose END,
       coalesce(b.tries, 0) + 1, $2 AND coalesce(b.tries, 0) < $3
FROM sent_order o LEFT JOIN clearing_again b ON b.end_to_end_id = o.end_to_end_id
WHERE o.end_to_end_id = $1 AND o.kind IN ('credit', 'debit')
ON CONFLICT (before_id) DO UPDATE SET due = excluded.due
WHERE clearing_again.run_id IS NULL
RETURNING due
