-- Sent, and the time for an answer is over: whoever sent it has died, or did not get to write it down.  $1 bank, $2 now, $3 most
SELECT o.end_to_end_id, o.tries FROM bank_order o JOIN payment p USING (payment_id)
WHERE o.bank_id = $1 AND o.state = 'sent' AND o.next_at <= $2 AND NOT p.sandbox
ORDER BY o.next_at LIMIT $3
