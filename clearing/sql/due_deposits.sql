-- Deposits that wait for a file: of any day that is booked, by the posting logic of their client.
-- $1 run id, $2 business date, $3 keys of those that came after their safe's cut-off
INSERT INTO due (source, key, account_id, terminal_id, currency, amount_minor, family, journal_date, journal_id, place_id, single, loose)
SELECT 'deposit', d.key, d.account_id, d.terminal_id, d.currency, d.amount_minor, p.family, d.business_date, d.journal_id,
       CASE WHEN a.content -> 'posting' ->> 'by' = 'client' THEN '' ELSE d.terminal_id END,
       CASE WHEN a.content -> 'posting' ->> 'by' = 'deposit' THEN d.key ELSE '' END, false
FROM deposit d
JOIN placement p ON p.stream = 'cash' AND p.journal_date = d.business_date AND p.journal_id = d.journal_id AND p.place = 'cleared'
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = d.account_id::text
WHERE d.credit = 'night' AND d.run_id IS NULL AND d.state <> 'reversed' AND d.amount_minor > 0 AND d.account_id IS NOT NULL
  AND d.business_date <= $2::date AND d.key <> ALL ($3::text[])
