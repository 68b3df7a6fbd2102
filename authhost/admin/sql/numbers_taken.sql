-- Another one of this account with this number at the prompt, which would make the answer ambiguous.
SELECT t.{key} FROM {table} t WHERE t.account_id = $1 AND t.number = $2 AND t.{key} <> $3 AND t.status <> 'closed' LIMIT 1
