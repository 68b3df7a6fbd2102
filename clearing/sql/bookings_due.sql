-- Accounts with bookings that are in no file, and how the last file ended.  $1 run id
SELECT o.account_id, o.currency, o.first_day, last.period_to, coalesce(last.closing_minor, 0) AS opening_minor, a.content::text AS party
FROM booking_open o
LEFT JOIN LATERAL (SELECT period_to, closing_minor FROM booking_statement b
                   WHERE b.account_id = o.account_id AND b.currency = o.currency ORDER BY period_to DESC LIMIT 1) last ON true
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = o.account_id::text
ORDER BY o.account_id, o.currency
