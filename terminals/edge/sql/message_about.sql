-- Whatever was said about a message: its reversals, completion, increments, returns.
SELECT * FROM message WHERE original = :original ORDER BY id
