-- All that a shift did.
SELECT * FROM message WHERE shift = :shift ORDER BY id
