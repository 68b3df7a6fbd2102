-- What stands in one of these states, in the queue's order.
SELECT * FROM message
WHERE state IN (SELECT value FROM json_each(:states))
ORDER BY position, id LIMIT :most
