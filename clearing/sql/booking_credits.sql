-- What was sent to the banks of the clients that a run has files of bookings of, and how their banks have booked it, as far as was known
-- when the run was posted: what a bank tells later is in a later file.  $1 run id
SELECT s.number, c.end_to_end_id, r.business_date, c.amount_minor, seen.booked_on, seen.bank_reference, seen.reference
FROM booking_statement s
JOIN clearing_run this ON this.run_id = s.run_id
JOIN clearing_credit c ON c.account_id = s.account_id AND c.currency = s.currency AND c.held = ''
                      AND c.purpose IN ('deposit_credit', 'instant_credit')
JOIN clearing_run r ON r.run_id = c.run_id AND r.business_date BETWEEN s.period_from AND s.period_to
LEFT JOIN LATERAL (
    SELECT e.booked_on, e.bank_reference, b.reference
    FROM credit_seen w
    JOIN bank_statement_entry e USING (statement_id, line)
    JOIN bank_statement b USING (statement_id)
    WHERE w.end_to_end_id = c.end_to_end_id AND b.recorded_at <= this.posted_at) seen ON true
WHERE s.run_id = $1
ORDER BY s.number, r.business_date, c.end_to_end_id
