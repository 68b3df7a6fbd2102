-- What was booked on the accounts that a run has files of bookings of, file by file; positive is the client's. OFFSET 0: account by
-- account, by their index; joined, the lines of all accounts and years would be read.  $1 run id
SELECT s.number, e.business_date, coalesce(e.transaction, j.key || '#' || j.leg) AS transaction, e.line, e.amount_minor, e.journal_id, j.kind,
       coalesce(nullif(j.terminal_id, ''), i.terminal_id) AS terminal_id, j.detail::text AS detail, c.purpose, c.remittance, f.settle
FROM booking_statement s
CROSS JOIN LATERAL (SELECT * FROM client_entry WHERE account_id = s.account_id AND currency = s.currency
                    AND business_date BETWEEN s.period_from AND s.period_to OFFSET 0) e
LEFT JOIN journal j ON j.stream = 'cash' AND j.business_date = e.journal_date AND j.id = e.journal_id
LEFT JOIN clearing_credit c ON e.journal_id IS NULL AND c.run_id = e.run_id AND c.end_to_end_id = e.transaction
LEFT JOIN fee_statement f ON e.journal_id IS NULL AND f.number = e.transaction
LEFT JOIN LATERAL (
    SELECT i.terminal_id FROM clearing_item i
    WHERE e.journal_id IS NULL AND c.purpose IS NULL AND f.number IS NULL AND i.run_id = e.run_id
      AND i.key = regexp_replace(e.transaction, '(/(reversal|adjustment|fee|withdrawn))?#(release|withdrawn)$', '')
    ORDER BY i.settled DESC LIMIT 1) i ON true
WHERE s.run_id = $1
ORDER BY s.number, e.run_id, e.journal_id IS NULL, coalesce(e.transaction, j.key || '#' || j.leg) COLLATE "C", e.line
