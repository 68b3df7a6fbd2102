-- Sent, and the time for an answer is over: whoever sent it has died, or did not get to write it down.  $1 bank, $2 now, $3 most
SELECT key FROM deposit WHERE bank_id = $1 AND credit = 'sent' AND next_at <= $2
ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
