-- What a bank is to be asked about now, locked.  $1 bank, $2 now, $3 most
SELECT d.key, d.business_date, d.journal_id, d.terminal_id, d.currency, d.amount_minor, d.state = 'reversed' AS reversed,
       d.recorded_at, d.tries, d.bank_reason, d.account_id,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       j.detail::text AS detail
FROM deposit d
LEFT JOIN account a USING (account_id)
LEFT JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE d.bank_id = $1 AND d.credit = 'unknown' AND d.next_at <= $2
ORDER BY d.next_at LIMIT $3
FOR UPDATE OF d SKIP LOCKED
