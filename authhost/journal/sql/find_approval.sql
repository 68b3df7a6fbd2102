-- An open hold by its approval code: when a completion names nothing better.
SELECT c.key FROM claim c
JOIN journal j ON j.business_date = c.business_date AND j.id = c.journal_id AND j.leg = 0
WHERE c.approval_code = $1 AND c.expires_at IS NOT NULL AND c.state = 2 AND j.terminal_id = $2 AND j.pan_masked = $3
LIMIT 2
