-- The deposits of an account ($1) in a currency over business dates. credited: the bank has it, given at once; stands: not reversed.
SELECT d.business_date, d.journal_id, d.terminal_id, d.amount_minor, coalesce(j.detail ->> 'receipt', '') AS receipt,
       d.credit IN ('accepted', 'booked') AS credited, d.state <> 'reversed' AS stands
FROM deposit d JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE j.account_id = $1 AND d.account_id = $1 AND d.currency = $2 AND d.business_date BETWEEN $3 AND $4 AND j.business_date BETWEEN $3 AND $4
ORDER BY d.business_date, d.journal_id
