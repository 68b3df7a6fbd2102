-- The clients of a safe. $1 terminal
SELECT c.reference, a.name, a.currency FROM safe_client c JOIN account a USING (account_id) WHERE c.terminal_id = $1 ORDER BY c.reference
