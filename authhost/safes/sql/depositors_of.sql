-- Who may put money in at a safe. $1 terminal
SELECT c.reference AS client, d.code, d.name, d.role
FROM safe_client c JOIN depositor d USING (account_id)
WHERE c.terminal_id = $1 AND d.status = 'active' AND (d.terminals IS NULL OR $1 = ANY (d.terminals))
ORDER BY c.reference, d.code
