-- A payment as its payer's phone shows it.  $1 id
SELECT payment_id AS id, merchant_id, payee, amount_minor, currency, purpose, reference, nonce FROM payment WHERE payment_id = $1
