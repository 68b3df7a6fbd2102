-- A condition: the safe t is one where an account may be credited.
EXISTS (SELECT FROM safe_client c WHERE c.terminal_id = t.terminal_id AND c.account_id = ${place}::bigint)
