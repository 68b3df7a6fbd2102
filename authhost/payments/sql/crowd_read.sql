-- Which of these requests there are and whether they wait, and what waits of a merchant for a phone.
-- $1 merchant, $2 phone, $3 now, $4 ids, $5 most
SELECT payment_id, state IN ('created', 'sent', 'opened') AND expires_at > $3::timestamptz AS waits
FROM payment WHERE payment_id = ANY ($4::text[])
UNION
(SELECT payment_id, true FROM payment
 WHERE payer_phone = $2 AND merchant_id = $1 AND state IN ('created', 'sent', 'opened') AND expires_at > $3 LIMIT $5)
