-- What was booked on a client's account, in the order of its days; positive is the client's. $1 account, $2 currency, $3 from, $4 to
SELECT r.business_date, e.transaction, e.line, -e.amount_minor AS amount_minor, e.journal_date, e.journal_id, j.kind,
       coalesce(nullif(j.terminal_id, ''), i.terminal_id) AS terminal_id, j.detail::text AS detail, c.purpose, c.remittance, f.settle
FROM ledger_entry e
JOIN clearing_run r ON r.run_id = e.run_id
LEFT JOIN journal j ON j.business_date = e.journal_date AND j.id = e.journal_id
LEFT JOIN clearing_credit c ON e.journal_id IS NULL AND c.run_id = e.run_id AND c.end_to_end_id = e.transaction
LEFT JOIN fee_statement f ON e.journal_id IS NULL AND f.number = e.transaction
LEFT JOIN LATERAL (
    SELECT i.terminal_id FROM clearing_item i
    WHERE e.journal_id IS NULL AND c.purpose IS NULL AND f.number IS NULL AND i.run_id = e.run_id
      AND i.key = regexp_replace(e.transaction, '(/(reversal|adjustment|fee|withdrawn))?#(release|withdrawn)$', '')
    ORDER BY i.settled DESC LIMIT 1) i ON true
WHERE e.code = '2200' AND e.account_id = $1 AND e.currency = $2 AND e.run_id >= $3::date::text AND e.run_id < ($4::date + 1)::text
ORDER BY e.run_id, e.transaction, e.line
