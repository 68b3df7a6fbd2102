-- Whether an account ($2) is a client of a safe ($1).
SELECT EXISTS (SELECT FROM safe_client WHERE terminal_id = $1 AND account_id = $2)
