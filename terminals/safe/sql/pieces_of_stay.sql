-- What a cassette holds by value, of each currency; with suspects, or without them.
SELECT piece.currency, value_minor, piece.kind AS kind, sum(count) AS count
FROM message JOIN piece USING (sequence)
WHERE stay = :stay AND (:suspects OR category <> '2')
GROUP BY piece.currency, value_minor, piece.kind
ORDER BY piece.currency, value_minor DESC, piece.kind
