-- Rates of these currencies, from a day on and before another; of one day the latest that was told.
-- $1 currencies, $2 in these currencies, $3 from, $4 before
SELECT DISTINCT ON (currency, in_currency, published_on) currency, in_currency, published_on, rate
FROM exchange_rate
WHERE currency = ANY ($1::text[]) AND in_currency = ANY ($2::text[]) AND published_on >= $3::date AND published_on < $4::date
ORDER BY currency, in_currency, published_on, rate_id DESC
