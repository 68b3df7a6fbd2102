-- What stands under these keys: read in a statement of its own, so that its snapshot is newer than the locks of the append.
SELECT c.key, c.fingerprint, c.answer, c.door, c.state, c.refers_to, j.action, j.reason, j.amount_minor, j.approval_code,
       j.decided_at, j.flags
FROM claim c
LEFT JOIN journal j ON j.business_date = c.business_date AND j.id = c.journal_id AND j.leg = 0
WHERE c.key = ANY ($1::text[])
