-- The first of these terminals ($1) that is no safe where an account ($2) may be credited.
SELECT wanted FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM safe_client c WHERE c.terminal_id = wanted AND c.account_id = $2) LIMIT 1
