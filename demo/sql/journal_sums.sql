-- What the journal has of the day: approved messages and their sums, by kind and currency. Legs are other sides of the same.
-- Payments by phone are compared with banks' books: phone_payments.sql.  $1 business date
SELECT kind, currency, count(*)::bigint AS count, sum(amount_minor)::bigint AS amount_minor
FROM journal
WHERE business_date = $1 AND approved AND leg = 0 AND key NOT LIKE 'pay/%'
GROUP BY kind, currency
