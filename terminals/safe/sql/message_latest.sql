-- The last message of a kind.
SELECT * FROM message WHERE kind = :kind ORDER BY sequence DESC LIMIT 1
