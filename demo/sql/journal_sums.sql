-- What the journal has of the day: approved messages and their sums, by kind and currency. Legs are other sides of the same.
-- $1 business date
SELECT kind, currency, count(*)::bigint AS count, sum(amount_minor)::bigint AS amount_minor
FROM journal
WHERE business_date = $1 AND approved AND leg = 0
GROUP BY kind, currency
