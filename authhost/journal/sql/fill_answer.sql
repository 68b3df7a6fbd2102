-- A late row or a tombstone has no answer yet: the first repeat's decline becomes the answer of all; what stands is returned.
WITH filled AS (
    UPDATE claim SET answer = $2, door = $3 WHERE key = $1 AND answer IS NULL RETURNING answer
)
SELECT answer FROM filled UNION ALL SELECT answer FROM claim WHERE key = $1 AND answer IS NOT NULL LIMIT 1
