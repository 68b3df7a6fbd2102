-- Does an order of a payment wait for this bank?  $1 bank
SELECT EXISTS (SELECT FROM bank_order o JOIN payment p USING (payment_id)
               WHERE o.bank_id = $1 AND o.state = 'queued' AND o.next_at <= clock_timestamp() AND NOT p.sandbox)
