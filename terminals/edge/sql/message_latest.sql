-- The last message of these kinds.
SELECT * FROM message
WHERE kind IN (SELECT value FROM json_each(:kinds))
ORDER BY id DESC LIMIT 1
