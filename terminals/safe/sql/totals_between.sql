-- The sums of the deposits between two numbers.
SELECT currency, deposit_kind AS kind, count(*) AS count, sum(amount_minor) AS amount_minor
FROM message
WHERE kind = 'deposit' AND sequence > :after AND sequence < :before
GROUP BY currency, deposit_kind ORDER BY currency, deposit_kind
