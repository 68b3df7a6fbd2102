-- Every deposit of the host, with whom it credits.
SELECT d.key, d.business_date, d.journal_id, d.terminal_id, d.sequence, d.amount_minor, d.state, d.credit, d.withheld, d.bank_id, a.iban
FROM deposit d LEFT JOIN account a USING (account_id)
ORDER BY d.terminal_id, d.sequence
