-- What waits, and what is parked.
SELECT * FROM message WHERE state IN ('stored', 'parked') ORDER BY sequence LIMIT :most
