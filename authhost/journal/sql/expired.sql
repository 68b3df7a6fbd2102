-- Open holds (2) whose time has come, the oldest first.
SELECT c.key, c.state, j.terminal_id, j.currency, j.pan_masked
FROM claim c
JOIN journal j ON j.business_date = c.business_date AND j.id = c.journal_id AND j.leg = 0
WHERE c.expires_at <= $1 AND c.state = 2
ORDER BY c.expires_at LIMIT $2
