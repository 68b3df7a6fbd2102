-- Whose lines are in no record yet, and due.  $1 stream, $2 business date
SELECT account_id, currency FROM booking_line
WHERE number IS NULL AND stream = $1 AND due_on <= $2::date
GROUP BY account_id, currency ORDER BY account_id, currency COLLATE "C"
