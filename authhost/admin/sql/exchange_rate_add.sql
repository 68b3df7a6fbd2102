-- One more rate.  $1 currency, $2 in which, $3 published on, $4 rate, $5 source, $6 who
INSERT INTO exchange_rate (currency, in_currency, published_on, rate, source, who) VALUES ($1, $2, $3, $4, $5, $6) RETURNING rate_id
