-- A condition: the safe t is one where a client of a bank may be credited.
EXISTS (SELECT FROM safe_client c JOIN account a USING (account_id) WHERE c.terminal_id = t.terminal_id AND a.bank_id = ${place}::text)
