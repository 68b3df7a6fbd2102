-- What became of a payment, and through whom.  $1 id
SELECT version, event, before, after, at, who, why FROM payment_change WHERE payment_id = $1 ORDER BY version
