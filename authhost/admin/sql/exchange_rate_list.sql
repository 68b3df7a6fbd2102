-- Rates, the newest first.  $1 before this one or null, $2 how many
SELECT rate_id, currency, in_currency, published_on, rate, source, who, at FROM exchange_rate
WHERE $1::bigint IS NULL OR rate_id < $1 ORDER BY rate_id DESC LIMIT $2
