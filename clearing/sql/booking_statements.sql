-- The files of bookings of a run with their clients.  $1 run id
SELECT s.*, a.content::text AS party
FROM booking_statement s
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = s.account_id::text
WHERE s.run_id = $1
ORDER BY s.number
