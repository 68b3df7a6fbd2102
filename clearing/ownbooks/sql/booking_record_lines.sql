-- The lines of a run's records, record by record.  $1 run id
SELECT l.number, l.kind, l.code, l.amount_minor, l.booked_on, l.place, l.reference, l.note
FROM booking_record r JOIN booking_line l USING (number)
WHERE r.run_id = $1 ORDER BY l.number, l.run_id, l.transaction, l.line
