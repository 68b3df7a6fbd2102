-- What is in the credits of one file, credit by credit.  $1 run id, $2 purpose, $3 currency, $4 bank
SELECT c.end_to_end_id, i.source, i.key, i.terminal_id, i.amount_minor, j.business_date, j.decided_at,
       a.content ->> 'time_zone' AS time_zone, j.detail::text AS detail
FROM clearing_credit c
JOIN credit_item i ON i.run_id = $1 AND i.end_to_end_id = c.end_to_end_id
LEFT JOIN journal j ON j.stream = 'cash' AND j.business_date = i.journal_date AND j.id = i.journal_id
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = c.account_id::text
WHERE c.run_id = $1 AND c.purpose = $2 AND c.currency = $3 AND c.bank_id = $4 AND c.held = ''
ORDER BY c.end_to_end_id, i.source, i.key
