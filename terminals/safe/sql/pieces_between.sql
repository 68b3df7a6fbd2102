-- What was deposited by value, of each currency, between two numbers. Suspects are not money.
SELECT piece.currency, value_minor, piece.kind AS kind, sum(count) AS count
FROM message JOIN piece USING (sequence)
WHERE sequence > :after AND sequence < :before AND category <> '2'
GROUP BY piece.currency, value_minor, piece.kind
ORDER BY piece.currency, value_minor DESC, piece.kind
