-- Every case, and what it came to: the adjustments that were booked of it, the night's credit that they were taken off, and
-- of a counterfeit the serial number and the day by which it must be reported.
SELECT c.case_id, c.kind, c.terminal_id, c.state, c.amount_minor, c.currency, c.proposal, c.proposed_by, c.decided_by, c.why,
       coalesce(booked.amount_minor, 0)::bigint AS booked_minor, booked.journal_key, coalesce(netted.end_to_end_id, '') AS end_to_end_id,
       coalesce(false_note.serial, '') AS serial, false_note.due_on
FROM cash_case c LEFT JOIN LATERAL (
    SELECT sum(j.posted_minor) AS amount_minor, min(j.key) AS journal_key
    FROM custody_posting p JOIN journal j ON j.key = p.journal_key AND j.leg = 0
    WHERE p.case_id = c.case_id AND p.kind = 'adjustment') booked ON true
LEFT JOIN LATERAL (
    SELECT i.end_to_end_id FROM clearing_item i JOIN clearing_credit g USING (run_id, end_to_end_id)
    WHERE i.source = 'adjustment' AND i.settled AND g.held = '' AND i.key = booked.journal_key || '#0') netted ON true
LEFT JOIN LATERAL (
    SELECT f.serial, f.due_on FROM counterfeit f WHERE f.case_id = c.case_id ORDER BY f.counterfeit_id LIMIT 1) false_note ON true
ORDER BY c.case_id
