-- Payments whose time is over and that nobody has ended.  $1 now, $2 most
SELECT payment_id FROM payment
WHERE state IN ('created', 'sent', 'opened') AND expires_at <= $1::timestamptz
ORDER BY expires_at LIMIT $2
